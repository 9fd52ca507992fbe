"""`pocketllm admin stats`: users, chats, tokens, cost, errors and times, by day and model."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands.operating import run_as_operator
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.moments import parse_moment
from pocketllm_cli.upkeep.stats import Stats, Tally, fetch_stats
from pocketllm_cli.usage_numbers import cost_as_text

_HEADINGS: Final = (
    "ANSWERS", "USERS", "ERRORS", "INPUT", "OUTPUT", "COST", "FIRST p50", "p95", "WHOLE p50", "p95 "
)  # fmt: skip
_MOST_DAYS: Final = 31
_BAR: Final = 40
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"

app = single()


@verb(app, "stats", "pocketllm admin stats", "pocketllm admin stats --since 90d --json")
def stats(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option("--since", metavar="DATE", help="From then on: 2026-01-31, or 7d, 24h.")
    ] = "30d",
) -> None:
    """Show what a backend did: answers by day and model, with tokens, cost, errors and times.

    FIRST is the time to the first token and WHOLE that to the last, in seconds: half of the
    answers, and 95 of 100, were that quick. The newest 100,000 answers are looked at.
    """
    app = app_of(ctx)
    now = datetime.now().astimezone()
    until = now + timedelta(minutes=5)  # the backend's clock may be ahead of ours
    moment = parse_moment(since, now)
    found = run_as_operator(app, lambda operator: fetch_stats(operator, moment, until))
    app.console.emit(found, _as_text)


def _as_text(stats: Stats, page: Page) -> str:
    totals = [
        (total.place, f"{'about ' * total.is_estimate}{total.entries:,}") for total in stats.totals
    ]
    parts = [page.fields(totals)]
    if not stats.answers.answers:
        return f"{parts[0]}\n\nNo answers in this time."
    parts.append(_table("MODEL", [*stats.models, stats.answers], page))
    days = stats.days[-_MOST_DAYS:]
    parts.append(_table("DAY", days, page))
    parts.append(_plot("Answers", [(str(day.day), day.answers) for day in days], page))
    if any(day.cost_usd for day in days):
        parts.append(_plot("Cost", [(str(day.day), day.cost_usd or 0) for day in days], page))
    if stats.seen_since is not None:
        parts.append(
            f"There are more answers; these are those since {local_time(stats.seen_since)}."
        )
    return "\n\n".join(parts)


def _table(label: str, tallies: "list[Tally] | tuple[Tally, ...]", page: Page) -> str:
    rows = [(tally.model or tally.day or "Total", *_cells(tally)) for tally in tallies]
    return page.table((label, *_HEADINGS), rows, numbers=_HEADINGS)


def _cells(tally: Tally) -> tuple[str, ...]:
    times = (
        tally.first_token_ms_p50,
        tally.first_token_ms_p95,
        tally.total_ms_p50,
        tally.total_ms_p95,
    )
    return (
        f"{tally.answers:,}",
        f"{tally.users:,}",
        f"{tally.errors:,}",
        f"{tally.input_tokens:,}",
        f"{tally.output_tokens:,}",
        cost_as_text(tally.cost_usd),
        *("-" if time is None else f"{time / 1000:.1f}" for time in times),
    )


def _plot(name: str, bars: list[tuple[str, float]], page: Page) -> str:
    """Return a bar for each day; `width` None (no terminal) draws them all the same."""
    most = max(value for _, value in bars) or 1
    width = _BAR if page.width is None else max(min(_BAR, page.width - 24), 8)
    lines = [f"{day}  {_bar(value / most, width)} {value:,.6g}" for day, value in bars]
    return "\n".join([name, *lines])


def _bar(share: float, width: int) -> str:
    eighths = round(share * width * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).strip().ljust(1)
