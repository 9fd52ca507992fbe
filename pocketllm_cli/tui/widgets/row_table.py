"""A table whose lines are chosen whole and known by an id."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.widgets import DataTable

from pocketllm_cli.sanitize import clean_line


class RowTable(DataTable[Text]):
    """Shows records, one a line; texts from outside are shown as they are, without markup.

    Args:
        headings: The columns' names.
        numbers: Those of them that stand at the right.
    """

    DEFAULT_CSS: ClassVar[str] = """
    RowTable { height: 1fr; background: transparent; }
    """

    def __init__(self, headings: Sequence[str], numbers: Sequence[str] = ()) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False)
        self._headings, self._numbers = headings, numbers

    def on_mount(self) -> None:
        for heading in self._headings:
            self.add_column(self._cell(heading, heading))

    def show(self, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show these lines, pairs of id and cells; the cursor stays with its id.

        Ids must differ.
        """
        chosen = self.row_id
        self.clear()
        for row_id, cells in rows:
            shown = (self._cell(*pair) for pair in zip(cells, self._headings, strict=True))
            self.add_row(*shown, key=row_id)
        ids = [row_id for row_id, _ in rows]
        if chosen in ids:
            self.move_cursor(row=ids.index(chosen), animate=False)

    @property
    def row_id(self) -> str | None:
        """The id of the line the cursor is on; None in an empty table."""
        if not self.row_count:
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def _cell(self, text: str, heading: str) -> Text:
        return Text(clean_line(text), justify="right" if heading in self._numbers else "left")
