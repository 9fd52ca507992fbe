"""One picture in a gallery: a thumbnail where there is one, else how it stands, and its prompt."""

from datetime import datetime
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.models import Job
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.job_words import picture_of, reason_told, waiting_told
from pocketllm_cli.tui.widgets.picture import PictureView

_ROWS: Final = 8
_PIXELS: Final = 320
"""Enough for a thumbnail in a terminal that draws pixels."""


class ImageCard(Vertical):
    """Shows a job; its picture is asked for when it comes near what is seen, and dropped after.

    Args:
        with_picture: Whether pictures are drawn at all.
    """

    DEFAULT_CSS = """
    ImageCard {
        height: 9;
        padding: 0 1;
        border-left: outer $surface;
        & > .state { height: auto; max-height: 7; color: $text-muted; }
        & > .prompt {
            dock: bottom;
            height: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        &.-failed > .state { color: $text-error; }
        &.-selected { border-left: outer $accent; background: $surface; }
    }
    """

    def __init__(self, job: Job, *, with_picture: bool) -> None:
        super().__init__()
        self.job = job
        self._with_picture = with_picture
        self._is_near = False

    def compose(self) -> ComposeResult:
        yield Static(classes="state", markup=False)
        yield Static(Content(clean_line(self.job.prompt)), classes="prompt", markup=False)

    def show(self, job: Job, now: datetime) -> None:
        """Show how the job is."""
        self.job = job
        self.set_class(job.status == "failed", "-failed")
        state = self.query_one(".state", Static)
        state.update(Content(self._told(now)))
        state.display = picture_of(job) is None or not self._with_picture
        self._draw()

    def come_near(self, *, is_near: bool) -> None:
        """Be told whether the card is near what is seen."""
        if is_near != self._is_near:
            self._is_near = is_near
            self._draw()

    def _draw(self) -> None:
        shown, picture = self.query(PictureView), picture_of(self.job)
        is_wanted = self._is_near and self._with_picture and picture is not None
        if is_wanted and picture is not None and not shown:
            view = PictureView(picture, most_rows=_ROWS - 1, longest_side=_PIXELS)
            self.mount(view, before=self.query_one(".prompt"))
        elif shown and not is_wanted:
            shown.remove()

    def _told(self, now: datetime) -> str:
        if not self.job.is_over:
            return f"◌ {waiting_told(self.job, now)}"
        if self.job.status == "failed":
            return f"✗ {reason_told(self.job)}"
        return "▪ a picture" if picture_of(self.job) else "✗ It made no picture."
