"""`pocketllm usage`: tokens, cost and time of answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import typer

from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.models import UsageRow
from pocketllm_cli.moments import parse_moment
from pocketllm_cli.usage_numbers import cost_as_text, time_as_text, total_of

_NO_ANSWERS: Final = "No answers yet."
_COUNTS: Final = ("ANSWERS", "INPUT", "OUTPUT", "COST", "TIME")

app = single()


class Grouping(StrEnum):
    """What a row stands for."""

    model = "model"
    day = "day"
    chat = "chat"


@verb(app, "usage", "pocketllm usage", "pocketllm usage --by day --since 7d")
def usage(
    ctx: typer.Context,
    by: Annotated[Grouping, typer.Option("--by", help="What a row stands for.")] = Grouping.model,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="From this day on: 2026-01-31, or 7d, 24h."),
    ] = None,
) -> None:
    """Show what answers took: tokens, cost and time.

    The cost is that of the answers whose price is known; `-` where none is.
    """
    app = app_of(ctx)
    moment = parse_moment(since, datetime.now().astimezone()) if since else None
    rows = app.run(lambda api: api.usage.by(by.value, moment))
    app.console.emit(rows, lambda rows, page: _as_text(rows, by, page))


def _as_text(rows: list[UsageRow], by: Grouping, page: Page) -> str:
    if not rows:
        return _NO_ANSWERS
    lines = [_cells(row) for row in rows]
    if len(rows) > 1:
        lines.append(_cells(total_of(rows)))
    return page.table((by.value.upper(), *_COUNTS), lines, numbers=_COUNTS)


def _cells(row: UsageRow) -> tuple[str, ...]:
    return (
        row.label,
        f"{row.answers:,}",
        f"{row.input_tokens:,}",
        f"{row.output_tokens:,}",
        cost_as_text(row.cost_usd),
        time_as_text(row.total_ms / 1000),
    )
