"""Shows one answer as it arrives; what `ask` and `chats follow` have in common."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, assert_never

from pocketllm_cli.api.answer_events import (
    AnswerEvent,
    Delta,
    Done,
    Failed,
    Reasoning,
    Sources,
    Started,
)
from pocketllm_cli.app import App
from pocketllm_cli.errors import (
    AnswerCancelled,
    AnswerIncomplete,
    AnswerInterrupted,
    PocketLLMError,
    error_of_answer,
)
from pocketllm_cli.printers import EventPrinter, PlainPrinter, Printer, RecordPrinter, WholePrinter
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.spinner import Spinner
from pocketllm_cli.thoughts import Thoughts

_ENDED_EARLY: Final[dict[str, type[PocketLLMError]]] = {
    "incomplete": AnswerIncomplete,
    "failed": AnswerIncomplete,
    "interrupted": AnswerInterrupted,
    "cancelled": AnswerCancelled,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How an answer is wanted."""

    events: bool = False
    extract: bool = False
    no_stream: bool = False
    raw: bool = False
    is_linear: bool = False
    """Nothing that was shown is taken back or moved over."""


def choose_printer(app: App, look: Look) -> Printer:
    """Return the printer for how the answer is wanted and where it goes."""
    console = app.console
    if look.events:
        return EventPrinter(console)
    if app.invocation.as_json:
        return RecordPrinter(console)
    can_render = console.is_terminal and not app.settings.is_dumb_terminal
    show_markdown = can_render and not look.raw
    if look.extract or look.no_stream:
        return WholePrinter(console, only_code=look.extract, show_markdown=show_markdown)
    if show_markdown:
        from pocketllm_cli.markdown import MarkdownPrinter  # brings in rich

        return MarkdownPrinter(console)
    return PlainPrinter(console)


class AnswerShow:
    """The wait before an answer, the model's thoughts, the text, its sources, how it ended."""

    def __init__(self, app: App, look: Look) -> None:
        app.invocation.as_json |= look.events
        app.invocation.has_cursor = not (look.is_linear or app.settings.is_dumb_terminal)
        self.printer = choose_printer(app, look)
        self._console = app.console
        self._is_only_code = look.extract
        self._as_json = app.invocation.as_json
        self._spinner = Spinner(app.console, "Waiting for the answer")
        self._thoughts = Thoughts(app.console)
        self._has_text = False
        self._sources: list[Any] = []
        self._last: AnswerEvent | None = None

    async def run(self, events: AsyncGenerator[AnswerEvent, None]) -> None:
        """Show the events to their end."""
        self._spinner.start()
        try:
            async with aclosing(events):
                async for event in events:
                    self.take(event)
        finally:
            self._spinner.stop()
            self._thoughts.end()

    def take(self, event: AnswerEvent) -> None:
        """Show one event."""
        match event:
            case Started():
                pass
            case Reasoning():
                self._spinner.stop()
                self._thoughts.show(event.text)
            case Sources():
                self._sources = event.sources
            case Delta() | Done() | Failed():
                self._spinner.stop()
                self._thoughts.end()
                self._has_text |= isinstance(event, Delta)
                self._last = event
            case _:
                assert_never(event)
        if isinstance(event, Done) and event.message.sources:
            self._sources = event.message.sources
        self.printer.show(event)

    @property
    def chat_id(self) -> str | None:
        """The chat of the answer that was shown to its end."""
        return self._last.message.chat_id if isinstance(self._last, Done) else None

    def conclude(self) -> None:
        """List the sources, and raise what the last event means for the exit code.

        Raises:
            PocketLLMError: The answer is not whole.
        """
        if not self._as_json:
            self._list_sources()
        last = self._last
        if isinstance(last, Failed):
            raise error_of_answer(
                last.code, clean_line(last.message) or None, has_text=self._has_text
            )
        assert isinstance(last, Done)
        if kind := _ENDED_EARLY.get(last.message.status):
            raise kind
        if last.message.status == "truncated":
            self._console.narrate("The answer was cut at the max_tokens of the model config.")

    def _list_sources(self) -> None:
        text = sources_as_text(self._sources)
        if text and self._console.is_terminal and not self._is_only_code:
            self._console.write_line(f"\n{text}")
        elif text:
            self._console.narrate(text)


def sources_as_text(sources: list[Any]) -> str:
    """Return a numbered list of titles and addresses."""
    lines = []
    for number, source in enumerate(sources, 1):
        told = source if isinstance(source, dict) else {"url": str(source)}
        title, url = (clean_line(str(told.get(name) or "")) for name in ("title", "url"))
        lines.append(" ".join(part for part in (f"[{number}]", title, url) if part))
    return "\n".join(["Sources:", *lines]) if lines else ""
