"""Lines of text as they are painted, and what of them is copied."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from textual.content import Content
from textual.selection import Selection


@dataclass(frozen=True, slots=True)
class Row:
    """One painted line."""

    content: Content
    joint: str = "\n"
    """What stands before it in a copy: nothing or a blank where only the width broke the line."""
    begin: int = 0
    """How many characters before its text belong to what it stands in, and are not copied."""


GAP: Final = Row(Content())
"""The empty line behind a block."""


def wrapped(content: Content, width: int) -> list[Row]:
    """Break a text into lines no wider than `width`, between words where that is possible."""
    rows: list[Row] = []
    for line in content.split("\n", allow_blank=True):
        joint = "\n"
        for part in [line] if line.cell_length <= width else line.wrap(width):
            rows.append(Row(part, joint))
            joint = " "
    return rows


def folded(line: Content, width: int) -> list[Row]:
    """Break one line of code after `width` cells, so that nothing of it is out of sight."""
    parts = [line] if line.cell_length <= width else line.fold(width)
    return [Row(part, "" if number else "\n") for number, part in enumerate(parts)]


def indented(rows: Iterable[Row], first: Content, rest: Content) -> list[Row]:
    """Put `first` before the first row and `rest`, as wide, before the others."""
    return [
        replace(row, content=before + row.content, begin=row.begin + len(before))
        for before, row in ((rest if place else first, row) for place, row in enumerate(rows))
    ]


def filled(rows: Iterable[Row], width: int, style: str) -> list[Row]:
    """Give whole lines a style, to the right edge."""
    return [
        replace(
            row,
            content=row.content.pad_right(max(0, width - row.content.cell_length)).stylize_before(
                style
            ),
        )
        for row in rows
    ]


def text_within(rows: Iterable[Row], selection: Selection) -> str:
    """Return the selected text, in the lines in which it was written."""
    parts: list[str] = []
    for y, row in enumerate(rows):
        if (span := selection.get_span(y)) is None:
            continue
        start, end = span
        plain = row.content.plain
        text = plain[max(start, row.begin) : len(plain) if end == -1 else end].rstrip()
        parts += [row.joint, text] if parts else [text]
    return "".join(parts)
