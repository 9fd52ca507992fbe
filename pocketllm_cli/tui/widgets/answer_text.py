"""The text of an answer as Markdown, whole or while it arrives."""

import asyncio
import time
from typing import Final

from textual import work
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Markdown, Static

from pocketllm_cli.sanitize import Sanitizer, clean_text
from pocketllm_cli.tui.safe_markdown import is_too_large, safe_parser

_SHORTEST_PAUSE: Final = 0.1
_SHARE: Final = 4
"""Showing text may take a fifth of the time, so that keys are answered at once."""


class AnswerText(Markdown):
    """Shows a text; pieces that are fed are gathered and shown some times a second."""

    DEFAULT_CSS = """
    AnswerText {
        height: auto;
        padding: 0;
        margin: 0;
        background: transparent;
        MarkdownFence { margin: 0 0 1 0; }
        MarkdownFence > Label { padding: 0 1; }
        MarkdownH1, MarkdownH2, MarkdownH3 { margin: 0 0 1 0; content-align: left middle; }
        & > .plain { height: auto; }
    }
    """

    def __init__(self, text: str, *, as_markdown: bool = True) -> None:
        self._clean = clean_text(text)
        self._as_markdown = as_markdown
        self._is_plain = self._must_be_plain(self._clean)
        super().__init__(
            "" if self._is_plain else self._clean,
            parser_factory=safe_parser,
            open_links=False,
        )
        self._sanitizer = Sanitizer(for_terminal=True)
        self._pending = ""
        self._pause = _SHORTEST_PAUSE
        self._timer: Timer | None = None

    @property
    def text(self) -> str:
        """The text so far, harmless."""
        return self._clean

    def on_mount(self) -> None:
        if self._is_plain:
            self._show_plainly()

    def feed(self, piece: str) -> None:
        """Add a piece of the text."""
        piece = self._sanitizer.feed(piece)
        self._clean += piece
        self._pending += piece
        if self._timer is None:
            self._show_soon()

    def _show_soon(self) -> None:
        self._timer = self.set_timer(self._pause, self._show_pending)

    def show_whole(self, text: str) -> None:
        """Show the text as it was stored; nothing is drawn anew where it is the same."""
        clean = clean_text(text)
        if clean != self._clean:
            self._clean, self._pending = clean, ""
            self._show_all(clean)

    @work(group="text")
    async def _show_pending(self) -> None:
        pending, self._pending = self._pending, ""
        started = time.perf_counter()
        if self._is_plain or self._must_be_plain(self._clean):
            self._is_plain = True
            self._show_plainly()
        elif pending:
            await self.append(pending)
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()  # laying out takes longer than the Markdown itself
        self._pause = max(_SHORTEST_PAUSE, _SHARE * (time.perf_counter() - started))
        self._timer = None
        if self._pending:
            self._show_soon()

    @work(group="text")
    async def _show_all(self, text: str) -> None:
        self._is_plain = self._must_be_plain(text)
        if self._is_plain:
            self._show_plainly()
        else:
            await self.update(text)

    def _must_be_plain(self, text: str) -> bool:
        return not self._as_markdown or is_too_large(text)

    def _show_plainly(self) -> None:
        plain = self.query(".plain")
        if plain:
            plain.first(Static).update(Content(self._clean))
            return
        self.remove_children("MarkdownBlock")
        self.mount(Static(Content(self._clean), classes="plain", markup=False))
