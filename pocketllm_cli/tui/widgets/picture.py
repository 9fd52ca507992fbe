"""A picture that is stored, drawn once it is there."""

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pocketllm_cli.models import AttachedFile
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.canvas import MOST_ROWS, Canvas, picture_widget
from pocketllm_cli.tui.messages import PictureLoaded, PictureMissing, PictureWanted

if TYPE_CHECKING:
    from PIL.Image import Image


class PictureView(Vertical):
    """Asks for its picture when it is mounted; says in one line why it has none.

    Args:
        most_rows: Rows of the terminal it takes at most.
        longest_side: Pixels that are enough to draw it so.
    """

    DEFAULT_CSS = """
    PictureView {
        height: auto;
        & > .reason { color: $text-muted; height: auto; }
    }
    """

    def __init__(
        self, file: AttachedFile, *, most_rows: int = MOST_ROWS, longest_side: int | None = None
    ) -> None:
        super().__init__()
        self.file = file
        self.most_rows = most_rows
        self._longest_side = longest_side
        self._picture: Image | None = None
        self._canvas = Canvas()
        self._cells = (0, 0)

    def compose(self) -> ComposeResult:
        yield Static(classes="reason", markup=False)

    def on_mount(self) -> None:
        self.post_message(PictureWanted(self, self.file, self._longest_side))

    def on_unmount(self) -> None:
        self._picture = None

    @on(PictureLoaded)
    async def _take_picture(self, event: PictureLoaded) -> None:
        self._picture, self._canvas = event.picture, event.canvas
        await self._draw()

    @on(PictureMissing)
    def _take_problem(self, event: PictureMissing) -> None:
        reason = f"{clean_line(self.file.name)} is not shown: {event.reason}"
        self.query_one(".reason", Static).update(Content(reason))

    async def on_resize(self, event: events.Resize) -> None:
        await self._draw()

    def fit_rows(self, most_rows: int) -> None:
        """Take so many rows at most from now on."""
        if most_rows != self.most_rows:
            self.most_rows = most_rows
            self.call_later(self._draw)

    async def _draw(self) -> None:
        """Draw the picture as large as there is room for, if that is not how it is drawn."""
        if self._picture is None or not self.is_attached or self.size.width == 0:
            return
        cells = self._canvas.fit(self._picture.size, self.size.width, self.most_rows)
        if cells == self._cells:
            return
        self._cells = cells
        await self.query(".drawn").remove()
        widget = picture_widget(self._picture, self._canvas, cells)
        widget.add_class("drawn")
        self.query_one(".reason").display = False
        await self.mount(widget)

    @property
    def drawn(self) -> Widget | None:
        """The widget that draws it; None while there is none."""
        found = self.query_children(".drawn")
        return found.first() if found else None
