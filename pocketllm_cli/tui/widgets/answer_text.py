"""The text of an answer as Markdown, whole or while it arrives, painted line by line.

It is one widget however much it says: laying out a widget for each block took longer than a key
may wait, and most of an answer does not change while its end is written.
"""

import time
from typing import ClassVar, Final

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.timer import Timer

from pocketllm_cli.sanitize import Sanitizer, clean_text
from pocketllm_cli.tui.growing_markdown import GrowingMarkdown
from pocketllm_cli.tui.markdown_rows import Paper, theme_of_code
from pocketllm_cli.tui.rows import Row, text_within
from pocketllm_cli.tui.safe_markdown import is_too_large
from pocketllm_cli.tui.widgets.laid_out_once import LaidOutOnce

_SHORTEST_PAUSE: Final = 0.1
_SHARE: Final = 4
"""Showing text may take a fifth of the time, so that keys are answered at once."""


class AnswerText(LaidOutOnce):
    """Shows a text; pieces that are fed are gathered and shown some times a second."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("em", "strong", "s", "code_inline", "h1", "h2", "h3", "h4", "h5", "h6", "rule", "bullet"),
        *("code", "quote", "quote_bar", "table_head", "line"),
    }
    DEFAULT_CSS = """
    AnswerText {
        width: 1fr;
        height: auto;
        color: $foreground;
        & > .em { text-style: italic; }
        & > .strong { text-style: bold; }
        & > .s { text-style: strike; }
        &:dark > .code_inline { background: $warning 10%; color: $text-warning 95%; }
        &:light > .code_inline { background: $error 5%; color: $text-error 95%; }
        &:ansi > .code_inline { background: ansi_default; }
        & > .h1 { color: $markdown-h1-color; text-style: $markdown-h1-text-style; }
        & > .h2 { color: $markdown-h2-color; text-style: $markdown-h2-text-style; }
        & > .h3 { color: $markdown-h3-color; text-style: $markdown-h3-text-style; }
        & > .h4 { color: $markdown-h4-color; text-style: $markdown-h4-text-style; }
        & > .h5 { color: $markdown-h5-color; text-style: $markdown-h5-text-style; }
        & > .h6 { color: $markdown-h6-color; text-style: $markdown-h6-text-style; }
        & > .rule { color: $secondary; }
        & > .bullet { color: $text-primary; }
        &:light > .bullet { color: $text-secondary; }
        &:dark > .code { background: black 10%; }
        &:light > .code { background: black 4%; }
        &:ansi > .code { background: ansi_default; }
        & > .quote { background: $boost; }
        & > .quote_bar { color: $text-primary 50%; }
        & > .table_head { color: $primary; }
        & > .line { color: $foreground 20%; }
    }
    """

    def __init__(self, text: str, *, as_markdown: bool = True) -> None:
        super().__init__()
        self._as_markdown = as_markdown
        self._sanitizer = Sanitizer(for_terminal=True)
        self._pause = _SHORTEST_PAUSE
        self._timer: Timer | None = None
        self._rows: list[Row] = []
        self._strips: dict[int, Strip] = {}
        self._pending = ""
        self._begin(clean_text(text))

    @property
    def text(self) -> str:
        """The text so far, harmless."""
        return self._clean

    def feed(self, piece: str) -> None:
        """Add a piece of the text."""
        piece = self._sanitizer.feed(piece)
        self._source.finish(is_finished=False)
        self._clean += piece
        self._pending += piece
        if self._timer is None:
            self._timer = self.set_timer(self._pause, self._show_pending)

    def show_whole(self, text: str) -> None:
        """Show the text as it was stored; what is the same is not drawn anew."""
        clean = clean_text(text)
        if clean != self._clean:
            self._begin(clean)
        elif self._source.is_finished:
            return
        else:
            self._source.append(self._pending)
            self._pending = ""
            self._source.finish(is_finished=True)
        self._lay_out(self.size.width)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Take all the width there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many rows there are at this width."""
        if width > 0:
            self._take_rows(width)
        return len(self._rows)

    def render_line(self, y: int) -> Strip:
        """Return a row as it is painted."""
        if (strip := self._strips.get(y)) is None:
            strip = self._strips[y] = self._paint(y)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows in sight; most are as they were painted before."""
        strips = self.filtered([self.render_line(y) for y in crop.line_range])
        if crop.column_span == (0, self.size.width):
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the text that is selected, with lines that are only wrapped joined again."""
        return text_within(self._rows, selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Show what is selected."""
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Paint in the colours of another theme."""
        super().notify_style_update()
        self._strips.clear()
        self.refresh(layout=True)

    def _begin(self, clean: str) -> None:
        self._clean, self._pending = clean, ""
        self._source = GrowingMarkdown(self._must_be_plain())
        self._source.append(clean)

    def _must_be_plain(self) -> bool:
        return not self._as_markdown or is_too_large(self._clean)

    def _show_pending(self) -> None:
        """Show what was fed; the longer that takes, the later it is done again."""
        started = time.perf_counter()
        self._timer = None
        if self._must_be_plain() and not self._source.is_plain:
            self._begin(self._clean)
            self._source.finish(is_finished=False)
        else:
            self._source.append(self._pending)
            self._pending = ""
        self._lay_out(self.size.width)
        self._pause = max(_SHORTEST_PAUSE, _SHARE * (time.perf_counter() - started))

    def _lay_out(self, width: int) -> None:
        """Take the rows as they are now, and have those painted that differ."""
        if width < 1:
            self.refresh(layout=True)
            return
        before = len(self._rows)
        same = self._take_rows(width)
        if before != len(self._rows):
            self.refresh(layout=True)
        elif same < before:
            self.refresh(Region(0, same, width, before - same))

    def _take_rows(self, width: int) -> int:
        """Take the rows as they are now; return how many of the first ones are the same."""
        before, self._rows = self._rows, self._source.rows(self._paper(width))
        pairs = enumerate(zip(before, self._rows, strict=False))
        shorter = min(len(before), len(self._rows))
        same = next((y for y, (old, new) in pairs if old is not new), shorter)
        for y in [y for y in self._strips if y >= same]:
            del self._strips[y]
        return same

    def _paper(self, width: int) -> Paper:
        is_dark = self.app.current_theme.dark
        return Paper(width, theme_of_code(is_ansi=self.app.native_ansi_color, is_dark=is_dark))

    def _paint(self, y: int) -> Strip:
        base, width = self.visual_style, self.size.width
        if y >= len(self._rows):
            return Strip.blank(width, base.rich_style)
        content = self._rows[y].content
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(y)) is not None:
            style = Style.from_styles(self.screen.get_component_styles("screen--selection"))
            content = content.stylize(style, span[0], len(content) if span[1] == -1 else span[1])
        segments, x = [], 0
        for text, style in content.render(base, end="", parse_style=self._get_style):
            segments.append(Segment(text, (base + style).rich_style_with_offset(x, y)))
            x += len(text)
        return Strip(segments).adjust_cell_length(width, base.rich_style)
