"""Tables of Markdown as rows."""

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from pocketllm_cli.tui.rows import Row

_LEAST_CELLS: Final = 3
_LINE: Final = ".line"
_NOTHING: Final = Content()
_BLANK: Final = Content(" ")


def table_rows(table: Sequence[Sequence[Content]], width: int) -> list[Row]:
    """Return a framed table as wide as the page; the first row is the head.

    Cells that are too long for their column are broken into lines.
    """
    widths = _column_widths(table, width)
    rows = [_border("┌┬┐", widths)]
    for number, cells in enumerate(table):
        if number:
            rows.append(_border("├┼┤", widths))
        rows += _cell_rows(cells, widths, ".table_head" if number == 0 else "")
    return [*rows, _border("└┴┘", widths)]


def _column_widths(table: Sequence[Sequence[Content]], width: int) -> list[int]:
    """Give each column what it needs, or a share of what there is; the rest goes to all alike."""
    count = max(len(row) for row in table)
    room = max(count * _LEAST_CELLS, width - 3 * count - 1)
    needed = [
        max((row[column].cell_length for row in table if column < len(row)), default=0)
        for column in range(count)
    ]
    needed = [max(_LEAST_CELLS, each) for each in needed]
    if sum(needed) > room:
        needed = _shares(needed, room)
    spare, odd = divmod(room - sum(needed), count)
    return [each + spare + (column < odd) for column, each in enumerate(needed)]


def _shares(needed: Sequence[int], room: int) -> list[int]:
    """Let narrow columns keep what they need; the others share what is left."""
    shares = [0] * len(needed)
    left = sorted(range(len(needed)), key=lambda column: needed[column])
    while left:
        column = left.pop(0)
        shares[column] = min(needed[column], room // (len(left) + 1))
        room -= shares[column]
    return shares


def _cell_rows(cells: Sequence[Content], widths: Sequence[int], style: str) -> list[Row]:
    columns = [
        cell.wrap(width) if cell.cell_length > width else [cell]
        for cell, width in zip(cells, widths, strict=False)
    ]
    bar = Content.styled("│", _LINE)
    rows: list[Row] = []
    for number in range(max(map(len, columns), default=0)):
        parts = [bar]
        for column, width in enumerate(widths):
            lines = columns[column] if column < len(columns) else []
            part = lines[number] if number < len(lines) else _NOTHING
            if style:
                part = part.stylize_before(style)
            parts += [_BLANK, part, Content(" " * (width - part.cell_length + 1)), bar]
        rows.append(Row(_NOTHING.join(parts)))
    return rows


def _border(corners: str, widths: Sequence[int]) -> Row:
    line = corners[1].join("─" * (width + 2) for width in widths)
    return Row(Content.styled(f"{corners[0]}{line}{corners[2]}", _LINE))
