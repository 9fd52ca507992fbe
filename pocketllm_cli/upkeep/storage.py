"""Files that belong to nothing, and rows whose file is gone: found page by page, then removed."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pocketllm_cli.api.operating import Operator
from pocketllm_cli.api.operator_jobs import Jobs
from pocketllm_cli.upkeep.batches import OBJECTS_AT_ONCE, Tell


@dataclass(frozen=True, slots=True)
class Garbage:
    """A file that nothing needs."""

    name: str
    bytes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Untidy:
    """What does not fit together: files without rows, and ids of jobs without their picture."""

    files: tuple[Garbage, ...]
    jobs: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Return how many there are, by reason."""
        found = Counter(file.reason for file in self.files)
        return {**dict(sorted(found.items())), "picture gone": len(self.jobs)}


@dataclass(frozen=True, slots=True)
class Share:
    """How much of Storage is one user's; nobody's where there is no user."""

    user_id: str | None
    files: int
    bytes: int


async def find_untidy(operator: Operator, grace: timedelta) -> Untidy:
    """Look through all files and all completed jobs; what is younger than the grace is left out."""
    seconds = grace.total_seconds()
    files = [
        Garbage(row["name"], row["bytes"] or 0, row["reason"])
        async for row in _pages(operator, "admin_garbage", "", "name", seconds)
    ]
    jobs = [row["id"] async for row in _pages(operator, "admin_missing", None, "id", seconds)]
    return Untidy(tuple(files), tuple(jobs))


async def tidy(operator: Operator, untidy: Untidy, tell: Tell) -> dict[str, int]:
    """Remove what was found and return how much that was; what is gone meanwhile is fine."""
    async with operator.audited("storage gc", asked=untidy.counts()) as outcome:
        names = [file.name for file in untidy.files]
        for batch in _batches(names):
            outcome.count("files", await operator.files.remove_all(batch))
            tell(outcome)
        for batch in _batches(untidy.jobs):
            jobs = Jobs(operator.wire)
            found = await jobs.newest([("id", f"in.({','.join(batch)})")], len(batch))
            outcome.count("jobs", await jobs.remove(found))
            tell(outcome)
    return outcome.done


async def usage(operator: Operator, most: int) -> list[Share]:
    """Return whose files take most, the biggest first; looks at all files, a page at a time."""
    files: Counter[str | None] = Counter()
    sizes: Counter[str | None] = Counter()
    after: str | None = ""
    while after is not None:
        page: dict[str, Any] = await operator.call("admin_storage_usage", after=after)
        for share in page["shares"]:
            files[share["user_id"]] += share["files"]
            sizes[share["user_id"]] += share["bytes"]
        after = page["next"]
    biggest = sorted(files, key=lambda user: (-sizes[user], -files[user], user or ""))
    return [Share(user, files[user], sizes[user]) for user in biggest[:most]]


async def _pages(
    operator: Operator, function: str, after: str | None, key: str, grace_seconds: float
) -> AsyncIterator[dict[str, Any]]:
    while True:
        rows = await operator.call(function, grace_seconds=grace_seconds, after=after)
        for row in rows:
            if row[key] is not None:
                yield row
        after = next((row["next"] for row in rows if row["next"] is not None), None)
        if after is None:
            return


def _batches(names: Sequence[str]) -> list[Sequence[str]]:
    return [
        names[place : place + OBJECTS_AT_ONCE] for place in range(0, len(names), OBJECTS_AT_ONCE)
    ]
