"""Markdown on a terminal while it is being written.

Blocks that are finished are printed once and scroll away like any text; only the block that is
being written is drawn again and again, and never more of it than fits the screen.
"""

import re
import time
from types import TracebackType
from typing import Final, Self

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from pocketllm_cli.api.answer_events import AnswerEvent, Delta
from pocketllm_cli.console import Console
from pocketllm_cli.markdown_elements import Document, with_whole_code, without_padding
from pocketllm_cli.sanitize import Sanitizer

_REDRAW_SECONDS: Final = 0.08
_SHARE_OF_TIME: Final = 4
"""Drawing may take one part in so many of the time, however long the block has become."""
_MOST_LIVE_CHARACTERS: Final = 8_000
"""The end of a longer block is shown as it is written, and rendered when it is complete."""
_MOST_RENDERED_CHARACTERS: Final = 100_000
"""A longer block is printed as it is written; parsing it could take minutes."""
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
"""HTML is shown as text: Rich would leave it out."""


class MarkdownPrinter:
    """Renders the text of an answer block by block."""

    def __init__(self, console: Console) -> None:
        self._console = RichConsole(soft_wrap=False, highlight=False, markup=False, emoji=False)
        self._sanitizer = Sanitizer(for_terminal=console.is_terminal)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._narration = console.room_made_by(self._hide)
        self._open = ""
        self._is_first = True
        self._next_drawing_at = 0.0

    def show(self, event: AnswerEvent) -> None:
        """Take the text of a delta."""
        if not isinstance(event, Delta):
            return
        self._open += self._sanitizer.feed(event.text)
        if not self._live.is_started:
            self._live.start()
            self._console.show_cursor(True)  # so that nothing needs mending if we are killed
        started = time.monotonic()
        if started >= self._next_drawing_at:
            self._print_finished()
            self._draw()
            took = time.monotonic() - started
            self._next_drawing_at = started + max(_REDRAW_SECONDS, took * _SHARE_OF_TIME)

    def __enter__(self) -> Self:
        self._narration.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._narration.__exit__(None, None, None)
        self._open += self._sanitizer.finish()
        if self._live.is_started:
            self._live.update("", refresh=False)
            self._live.stop()
        if self._open.strip():
            self._print(self._open)

    def _hide(self) -> None:
        """Take away the block that is being written; the next piece brings it back."""
        if self._live.is_started:
            self._live.update("", refresh=True)
            self._next_drawing_at = 0.0

    def _print_finished(self) -> None:
        end = finished_length(self._open)
        if end:
            self._live.update("", refresh=True)
            self._print(self._open[:end])
            self._open = self._open[end:]

    def _print(self, text: str) -> None:
        self._console.print(_Block(text, has_gap=not self._is_first), end="", crop=False)
        self._is_first = False

    def _draw(self) -> None:
        most_lines = max(self._console.height - 1, 1)
        self._live.update(
            _Block(
                self._open[-_MOST_LIVE_CHARACTERS:],
                has_gap=not self._is_first,
                most_lines=most_lines,
                is_plain=len(self._open) > _MOST_LIVE_CHARACTERS,
            ),
            refresh=True,
        )


class _Block:
    """Rendered markdown without the blank lines around it, or only the last lines of that.

    Args:
        has_gap: Put one blank line before it.
        is_plain: Show the text itself; what is very long is never rendered.
    """

    def __init__(
        self, text: str, *, has_gap: bool, most_lines: int | None = None, is_plain: bool = False
    ) -> None:
        self._text = text
        self._has_gap = has_gap
        self._is_plain = is_plain or len(text) > _MOST_RENDERED_CHARACTERS
        self._most_lines = most_lines

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        lines = [] if self._is_plain else self._rendered(console, options)
        if not lines:  # plain, or nested too deeply to be understood
            lines = _between_blanks(console.render_lines(Text(self._text), options, pad=False))
        if not lines:
            return
        if self._has_gap:
            lines.insert(0, [])
        for line in lines[-(self._most_lines or len(lines)) :]:
            yield from line
            yield Segment.line()

    def _rendered(self, console: RichConsole, options: ConsoleOptions) -> list[list[Segment]]:
        document = _document(self._text)
        lines = console.render_lines(document, options, pad=False)
        if self._most_lines is None:
            lines = with_whole_code(lines, document, console) or []
        return _between_blanks([without_padding(line) for line in lines])


def _between_blanks(lines: list[list[Segment]]) -> list[list[Segment]]:
    shown = [at for at, line in enumerate(lines) if any(part.text.strip() for part in line)]
    return lines[shown[0] : shown[-1] + 1] if shown else []


def finished_length(text: str) -> int:
    """Return how much of the text is blocks to which nothing more can be added."""
    if len(text) > _MOST_RENDERED_CHARACTERS:
        return len(text)
    starts = [
        token.map[0]
        for token in _PARSER.parse(text)
        if token.level == 0 and token.nesting >= 0 and token.map
    ]
    lines = _LINE.findall(text)
    return sum(len(line) for line in lines[: starts[-1]]) if len(starts) > 1 else 0


def _document(text: str) -> Document:
    document = Document("", hyperlinks=False)
    document.parsed = _PARSER.parse(text)
    for token in document.parsed:
        token.children = [_shown(child) for child in token.children or ()] or None
    return document


def _shown(token: Token) -> Token:
    """Keep a model's line breaks, and show an image as its text and address."""
    if token.type == "softbreak":
        return Token("hardbreak", "br", 0)
    if token.type == "image":
        return Token("text", "", 0, content=f"{token.content} ({token.attrs.get('src')})".strip())
    return token
