"""A table whose lines are chosen whole and known by an id."""

from collections.abc import Collection, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import events, on
from textual.widgets import DataTable

from pocketllm_cli.sanitize import clean_line

_LEAST_CELLS: Final = 8
"""What is left of a column that is cut."""
_SCROLLBAR_CELLS: Final = 2


class RowTable(DataTable[Text]):
    """Shows records, one a line; texts from outside are shown as they are, without markup.

    Args:
        headings: The columns' names.
        numbers: Those of them that stand at the right.
        cut: Those of them that are cut where there is not room enough for all.
    """

    DEFAULT_CSS: ClassVar[str] = """
    RowTable { height: 1fr; background: transparent; }
    """

    def __init__(
        self, headings: Sequence[str], numbers: Sequence[str] = (), cut: Sequence[str] = ()
    ) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False)
        self._headings, self._numbers = headings, numbers
        self._cut = {headings.index(heading) for heading in cut}
        self._widths: list[int] = []
        self._records: list[tuple[str, list[Text]]] = []

    def on_mount(self) -> None:
        for heading in self._headings:
            self.add_column(self._cell(heading, heading))

    def show(self, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show these lines, pairs of id and cells; the cursor stays with its id.

        Ids must differ.
        """
        self._records = [
            (row_id, [self._cell(*pair) for pair in zip(cells, self._headings, strict=True)])
            for row_id, cells in rows
        ]
        self._draw(self._fitting_widths())

    @on(events.Resize)
    def _fit(self) -> None:
        widths = self._fitting_widths()
        if self._cut or widths != self._widths:  # lines are padded to the edge, which has moved
            self._draw(widths)

    def _draw(self, widths: list[int]) -> None:
        chosen, self._widths = self.row_id, widths
        self.clear()
        for column, width in zip(self.ordered_columns, widths, strict=False):
            column.auto_width, column.width = False, width  # by themselves they never shrink
        for row_id, cells in self._records:
            self.add_row(*map(_cut_to, cells, widths), key=row_id)
        ids = [row_id for row_id, _ in self._records]
        if chosen in ids:
            self.move_cursor(row=ids.index(chosen), animate=False)

    def _fitting_widths(self) -> list[int]:
        """Return the widest that cells of each column may be."""
        lines = [[Text(heading) for heading in self._headings]]
        lines += [cells for _, cells in self._records]
        widths = [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]
        padding = 2 * self.cell_padding * len(widths)
        return fit_widths(widths, self._cut, self.size.width - padding - _SCROLLBAR_CELLS)

    @property
    def row_id(self) -> str | None:
        """The id of the line the cursor is on; None in an empty table."""
        if not self.row_count:
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def _cell(self, text: str, heading: str) -> Text:
        return Text(clean_line(text), justify="right" if heading in self._numbers else "left")


def fit_widths(widths: Sequence[int], cut: Collection[int], room: int) -> list[int]:
    """Return widths that fit into the room, the widest of those that may be cut made narrower.

    Where that is not enough they are as narrow as they may be.
    """
    fitted = list(widths)
    too_much = sum(fitted) - room
    while too_much > 0 and cut:
        widest = max(cut, key=lambda place: (fitted[place], -place))
        if fitted[widest] <= _LEAST_CELLS:
            break
        fitted[widest] -= 1
        too_much -= 1
    return fitted


def _cut_to(cell: Text, width: int) -> Text:
    shown = cell.copy()
    shown.truncate(width, overflow="ellipsis")
    return shown
