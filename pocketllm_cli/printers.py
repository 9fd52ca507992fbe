"""Ways to print an answer while it arrives.

A printer is entered before the question is sent and left when all is over, so that a line that
was begun is ended and the last word is said whatever happens.
"""

import re
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Final, Protocol, Self

from pocketllm_cli.api.answer_events import (
    EVENT_NAMES,
    AnswerEvent,
    Delta,
    Done,
    Failed,
    Started,
)
from pocketllm_cli.console import Console
from pocketllm_cli.errors import OutputProblem, PocketLLMError, ReaderGone
from pocketllm_cli.sanitize import Sanitizer, clean_text

_FENCE: Final = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S
)

_MUTE: Final = (ReaderGone, OutputProblem)
"""After these not one more byte can be written."""


class Printer(Protocol):
    """Shows the events of one answer."""

    def show(self, event: AnswerEvent) -> None:
        """Take one event, in the order they come."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class PlainPrinter:
    """The text as the model writes it, without control sequences, ended by one line feed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sanitizer = Sanitizer(for_terminal=console.is_terminal)
        self._line_feeds = ""
        self._has_begun = False

    def show(self, event: AnswerEvent) -> None:
        """Print the text of a delta at once."""
        if isinstance(event, Delta):
            self._print(self._sanitizer.feed(event.text))

    def _print(self, text: str) -> None:
        text = self._line_feeds + text
        body = text.rstrip("\n")
        self._line_feeds = text[len(body) :]
        if body:
            self._has_begun = True
            self._console.write(body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _MUTE):
            return
        with suppress(*_MUTE if error else ()):  # the first failure is the one to tell
            self._print(self._sanitizer.finish())
            if self._has_begun:
                self._console.write("\n")


class WholePrinter:
    """The text when it is complete, or only its first fenced code block."""

    def __init__(self, console: Console, *, only_code: bool, show_markdown: bool) -> None:
        self._console = console
        self._only_code = only_code
        self._show_markdown = show_markdown

    def show(self, event: AnswerEvent) -> None:
        """Print the stored answer."""
        if not isinstance(event, Done):
            return
        if self._only_code and event.message.status == "cancelled":
            return  # half a program is worse than none
        text = event.message.content
        if self._only_code:
            code = first_code_block(text)
            if code is None:
                self._console.warn("There is no code block in the answer; this is all of it.")
            text = text if code is None else code
        if self._show_markdown and not self._only_code:
            from pocketllm_cli.markdown import MarkdownPrinter  # brings in rich

            with MarkdownPrinter(self._console) as printer:
                printer.show(Delta(text))
        else:
            text = clean_text(text, for_terminal=self._console.is_terminal).rstrip("\n")
            self._console.write(f"{text}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        return None


class RecordPrinter:
    """The stored message as JSON."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, event: AnswerEvent) -> None:
        """Print the record when it is there."""
        if isinstance(event, Done):
            self._console.write_json(event.message, indent=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        return None


class EventPrinter:
    """One JSON object a line; the last one is always `done` or `failed`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seq = 0
        self._is_over = False
        self._answer_id: str | None = None

    def show(self, event: AnswerEvent) -> None:
        """Print one event."""
        self._seq += 1
        self._is_over = isinstance(event, Done | Failed)
        if isinstance(event, Started):
            self._answer_id = event.assistant_message_id
        line = {"seq": self._seq, "event": EVENT_NAMES[type(event)], **asdict(event)}
        self._console.write_json(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._is_over or isinstance(error, _MUTE):
            return
        with suppress(*_MUTE):  # the first failure is the one to tell
            if isinstance(error, PocketLLMError):
                self.show(Failed(error.code, error.message, self._answer_id))
            elif isinstance(error, KeyboardInterrupt):
                self.show(Failed("interrupted", "Interrupted with Ctrl-C.", self._answer_id))


def first_code_block(text: str) -> str | None:
    """Return what the first fenced block holds; a block that is not closed runs to the end."""
    match = _FENCE.search(text.replace("\r\n", "\n"))
    return match.group(2) if match else None
