"""Totals of usage, and how cost and time are written."""

from collections.abc import Sequence
from typing import Final

from pocketllm_cli.models import UsageRow

_SMALLEST_SHOWN_USD: Final = 0.0001


def total_of(rows: Sequence[UsageRow]) -> UsageRow:
    """Return the sum; its cost is that of the answers whose price is known."""
    known = [row.cost_usd for row in rows if row.cost_usd is not None]
    return UsageRow(
        label="Total",
        chat_id=None,
        answers=sum(row.answers for row in rows),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        cost_usd=sum(known) if known else None,
        total_ms=sum(row.total_ms for row in rows),
    )


def cost_as_text(dollars: float | None) -> str:
    """Return a cost: cents where it has dollars, hundredths of a cent where it has none."""
    if dollars is None:
        return "-"
    if 0 < dollars < _SMALLEST_SHOWN_USD:
        return f"<${_SMALLEST_SHOWN_USD}"
    return f"${dollars:,.2f}" if dollars >= 1 or dollars == 0 else f"${dollars:.4f}"


def time_as_text(seconds: float) -> str:
    """Return a duration in the units that fit it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, whole = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {whole:02} s"
