"""Lays out text for people: aligned columns, sections of fields, points in time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pocketllm_cli.sanitize import clean_line

_GAP: Final = "  "
_SMALLEST: Final = 8


@dataclass(frozen=True, slots=True)
class Page:
    """Where text for people goes; `width` is None where it is not a terminal."""

    width: int | None

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str | None]],
        *,
        numbers: Collection[str] = (),
    ) -> str:
        """Return aligned columns; on a terminal the widest one is cut so that a row fits a line.

        Args:
            numbers: The headings of columns that end, rather than begin, below one another.
        """
        lines = [tuple(headings), *(tuple(clean_line(cell or "-") for cell in row) for row in rows)]
        widths = [max(_width(line[column]) for line in lines) for column in range(len(headings))]
        if self.width is not None:
            widths = _fit(widths, self.width)
        return "\n".join(
            _GAP.join(
                _pad(cell, width, at_right=heading in numbers)
                for heading, cell, width in zip(headings, line, widths, strict=True)
            ).rstrip()
            for line in lines
        )

    def fields(self, pairs: Sequence[tuple[str, object]]) -> str:
        """Return one line per field, names aligned; empty fields are left out."""
        shown = [(name, clean_line(str(value))) for name, value in pairs if value not in (None, "")]
        longest = max((len(name) for name, _ in shown), default=0)
        return "\n".join(f"{name:<{longest}}{_GAP}{value}" for name, value in shown)


def local_time(moment: str | None) -> str:
    """Return a stored moment in this machine's time zone, to the minute."""
    try:
        return datetime.fromisoformat(moment or "").astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return "-"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # only where letters are wider than one cell

    return cell_len(text)


def _pad(text: str, width: int, *, at_right: bool) -> str:
    if _width(text) > width:
        text = _cut(text, width)
    blanks = " " * (width - _width(text))
    return blanks + text if at_right else text + blanks


def _cut(text: str, width: int) -> str:
    while text and _width(text) > max(width - 1, 0):
        text = text[:-1]
    return text + "…" if width else ""


def _fit(widths: list[int], page: int) -> list[int]:
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - page
    widest = widths.index(max(widths))
    if excess > 0:
        widths[widest] = max(widths[widest] - excess, min(_SMALLEST, widths[widest]))
    return widths
