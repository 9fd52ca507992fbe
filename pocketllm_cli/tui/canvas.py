"""How pictures are drawn on this terminal: with its own graphics where it has any, else in blocks.

The library for it, textual-image, asks the terminal while it is imported. Once the app runs, its
answer would come in among the keys: so the terminal is asked before (`terminal_answers`), and the
library is imported as if there were none. Nothing of it, nor of Pillow, is imported before there is
a picture.
"""

import io
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image
    from textual.widget import Widget

Graphics = Literal["kitty", "sixel", "blocks"]

MOST_ROWS: Final = 16
"""Rows of the terminal that a picture takes at most."""

_KITTY: Final = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_CELL: Final = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
_FEATURES: Final = re.compile(rb"\x1b\[\?([0-9;]*)c")
_SIXEL: Final = b"4"
_USUAL_CELL: Final = (10, 20)


@dataclass(frozen=True, slots=True)
class Canvas:
    """What the terminal draws with, and how many pixels a cell of it has."""

    graphics: Graphics = "blocks"
    cell: tuple[int, int] = _USUAL_CELL
    """Width and height."""

    def fit(
        self, size: tuple[int, int], columns: int, most_rows: int = MOST_ROWS
    ) -> tuple[int, int]:
        """Return how many columns and rows a picture takes; it is never enlarged.

        Args:
            size: Its width and height in pixels.
            columns: How many there are.
            most_rows: How many rows it may take.
        """
        wide, high = size[0] / self.cell[0], size[1] / self.cell[1]
        share = min(1.0, max(1, columns) / wide, most_rows / high)
        return max(1, round(wide * share)), max(1, min(most_rows, round(high * share)))


def canvas_of(answer: bytes) -> Canvas:
    """Return what a terminal's answer says it can draw with.

    Sixel goes first: Konsole and WezTerm say they know Kitty's protocol too, without the part of
    it that keeps a picture where the text is.
    """
    size = _CELL.search(answer)
    cell = (int(size[2]), int(size[1])) if size else (0, 0)
    features = _FEATURES.search(answer)
    if min(cell) <= 0:
        return Canvas()  # without the size of a cell nothing can be drawn to scale
    if features and _SIXEL in features[1].split(b";"):
        return Canvas("sixel", cell)
    return Canvas("kitty" if _KITTY.search(answer) else "blocks", cell)


def open_picture(data: bytes, canvas: Canvas, longest_side: int | None = None) -> "Image":
    """Decode a PNG of ours and import what draws it; too slow for the event loop.

    Args:
        longest_side: Pixels that are wanted at most, where it is to be drawn small.
    """
    _library(canvas)
    return decoded(data, longest_side)


def decoded(data: bytes, longest_side: int | None = None) -> "Image":
    """Decode a PNG of ours; what is clear in it becomes black."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        picture.load()
        if longest_side is not None:
            picture.thumbnail((longest_side, longest_side))
        return picture if picture.mode == "RGB" else _on_black(picture)


def picture_widget(picture: "Image", canvas: Canvas, cells: tuple[int, int]) -> "Widget":
    """Return a widget that draws a picture over so many columns and rows."""
    library = _library(canvas)
    columns, rows = cells
    kinds = {
        "kitty": library.TGPImage,
        "sixel": library.SixelImage,
        "blocks": library.HalfcellImage,
    }
    pixels = (columns, rows * 2)
    if canvas.graphics != "blocks":
        pixels = (columns * canvas.cell[0], rows * canvas.cell[1])
    widget: Widget = kinds[canvas.graphics](picture.resize(pixels))
    widget.styles.width, widget.styles.height = columns, rows  # the picture's own, in no stylesheet
    return widget


def picture_renderable(picture: "Image", canvas: Canvas, cells: tuple[int, int]) -> Any:
    """Return what Rich prints a picture as, over so many columns and rows; without Textual."""
    library = _library(canvas, "textual_image.renderable")
    kinds = {
        "kitty": library.TGPImage,
        "sixel": library.SixelImage,
        "blocks": library.HalfcellImage,
    }
    columns, rows = cells
    return kinds[canvas.graphics](picture, width=columns, height=rows)


def _on_black(picture: "Image") -> "Image":
    from PIL import Image

    whole = picture.convert("RGBA")
    ground = Image.new("RGBA", whole.size, "black")
    return Image.alpha_composite(ground, whole).convert("RGB")


def _library(canvas: Canvas, name: str = "textual_image.widget") -> Any:
    with _no_terminal(name):
        library = import_module(name)
    from textual_image import _terminal

    setattr(_terminal.get_cell_size, "_result", _terminal.CellSize(*canvas.cell))  # noqa: B010 # mypy
    return library


@contextmanager
def _no_terminal(name: str) -> "Iterator[None]":
    """Let the module that is imported in the block find no terminal to ask."""
    if name in sys.modules:
        yield
        return
    real = sys.__stdout__
    sys.__stdout__ = io.StringIO()  # type: ignore[misc,assignment] # what the library looks at
    try:
        yield
    finally:
        sys.__stdout__ = real  # type: ignore[misc] # as it was
