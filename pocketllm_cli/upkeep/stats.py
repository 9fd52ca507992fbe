"""What a backend did in a span of time."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Self

from pocketllm_cli.api.operating import Operator

MOST_ANSWERS: Final = 100_000
"""So many answers are looked at, the newest; it bounds what the question costs the database."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers of one day or model, or all of them; times are None where nothing is known."""

    answers: int
    users: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    first_token_ms_p50: float | None
    first_token_ms_p95: float | None
    total_ms_p50: float | None
    total_ms_p95: float | None
    day: str | None = None
    model: str | None = None

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Build it from a row of the function `admin_stats`."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are of something."""

    place: str
    entries: int
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class Stats:
    """What there is, and what was answered."""

    totals: tuple[Total, ...]
    answers: Tally
    days: tuple[Tally, ...]
    """Oldest first; days without an answer are missing."""
    models: tuple[Tally, ...]
    """By name."""
    seen_since: str | None
    """The oldest answer that was looked at, where there were more than could be; else None."""


async def fetch_stats(operator: Operator, since: datetime, until: datetime) -> Stats:
    """Ask the database for all of it."""
    totals: list[dict[str, Any]] = await operator.call("admin_totals")
    rows: list[dict[str, Any]] = await operator.call(
        "admin_stats", since=since.isoformat(), until=until.isoformat(), most=MOST_ANSWERS
    )
    whole = next(row for row in rows if row["day"] is None and row["model"] is None)
    return Stats(
        tuple(Total(row["place"], row["entries"], row["is_estimate"]) for row in totals),
        Tally.from_row(whole),
        tuple(Tally.from_row(row) for row in rows if row["day"] is not None),
        tuple(Tally.from_row(row) for row in rows if row["model"] is not None),
        whole["seen_since"],
    )
