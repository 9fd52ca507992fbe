"""What was not used for long goes: chats with their files, jobs with their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from pocketllm_cli.api.operating import Operator, Outcome
from pocketllm_cli.api.operator_jobs import Jobs
from pocketllm_cli.api.tables import Row, Table
from pocketllm_cli.upkeep.batches import OBJECTS_AT_ONCE, ROWS_AT_ONCE, Tell, remove_files

_CHATS_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Span:
    """What is meant: last used before a moment, by everybody or by one user."""

    before: datetime
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Old:
    """How much of one kind is that old."""

    place: str
    entries: int
    users: int
    oldest: str | None


async def find_old(operator: Operator, span: Span) -> list[Old]:
    """Count what was last used before the moment: chats, jobs that are over, deleted chats."""
    rows: list[dict[str, Any]] = await operator.call(
        "admin_old", before=span.before.isoformat(), user_id=span.user_id
    )
    return [Old(row["place"], row["entries"], row["users"], row["oldest"]) for row in rows]


async def remove_old(
    operator: Operator, span: Span, places: Sequence[str], tell: Tell
) -> dict[str, int]:
    """Remove it for good, in batches, and return how much that was.

    It may end anywhere and be begun again. The files of a chat go after it, since until then its
    owner may go on with it; where it ends in between, the next run removes them first.

    Args:
        places: Of `chats`, `jobs` and `deleted chats`.
    """
    asked = {"before": span.before.isoformat(), "places": ", ".join(places)}
    async with operator.audited("retention", span.user_id, asked=asked) as outcome:
        if {"chats", "deleted chats"} & set(places):
            await _remove_files_of_erased(operator, span, outcome, tell)
        if "chats" in places:
            await _remove_chats(operator, span, outcome, tell)
        if "jobs" in places:
            await purge_jobs(operator, span, outcome, tell)
        if "deleted chats" in places:
            await _forget_deleted(operator, span, outcome, tell)
    return outcome.done


async def purge_jobs(operator: Operator, span: Span, outcome: Outcome, tell: Tell) -> None:
    """Remove jobs that are over, with the pictures that they made and those they were to change."""
    jobs = Jobs(operator.wire)
    while found := await jobs.over_since(span.before.isoformat(), span.user_id, OBJECTS_AT_ONCE):
        pictures = [job.picture for job in found] + await jobs.inputs_of_no_other(found)
        if removed := await operator.files.remove_all(pictures):
            outcome.count("files", removed)
        outcome.count("jobs", await jobs.remove(found))
        tell(outcome)


async def _remove_chats(operator: Operator, span: Span, outcome: Outcome, tell: Tell) -> None:
    before = span.before.isoformat()
    while chats := await _old_chats(operator, span):
        values = {"chat_ids": [chat["id"] for chat in chats], "before": before}
        while rows := await operator.call("admin_erase_chats", **values, most=ROWS_AT_ONCE):
            outcome.count("messages", sum(row["erased"] for row in rows))
            outcome.count("chats", sum(row["is_gone"] for row in rows))
            await _remove_files_of_erased(operator, span, outcome, tell)
            tell(outcome)


async def _forget_deleted(operator: Operator, span: Span, outcome: Outcome, tell: Tell) -> None:
    values = {"before": span.before.isoformat(), "user_id": span.user_id, "most": _CHATS_AT_ONCE}
    while gone := await operator.call("admin_forget_deleted", **values):
        outcome.count("deleted chats", len(gone))
        await _remove_files_of_erased(operator, span, outcome, tell)
        tell(outcome)


async def _remove_files_of_erased(
    operator: Operator, span: Span, outcome: Outcome, tell: Tell
) -> None:
    """Remove the files of chats that are gone, of this run or of one that was killed."""
    values = {"user_id": span.user_id, "most": _CHATS_AT_ONCE}
    while erased := await operator.call("admin_erased_chats", **values):
        for chat in erased:
            folder = f"private/user_files/{chat['owner_id']}/{chat['chat_id']}/"
            find = partial(_files_below, operator, folder)
            await remove_files(operator.files, outcome, tell, find)
        await operator.call("admin_files_gone", chat_ids=[chat["chat_id"] for chat in erased])


async def _files_below(operator: Operator, folder: str) -> list[str]:
    return [file.path for file in await operator.files.below(folder)]


async def _old_chats(operator: Operator, span: Span) -> list[Row]:
    filters = [("updated_at", f"lt.{span.before.isoformat()}")]
    if span.user_id is not None:
        filters.append(("user_id", f"eq.{span.user_id}"))
    table = Table(operator.wire, "chats", "id,user_id")
    return await table.select(filters, order="updated_at.asc,id.asc", limit=_CHATS_AT_ONCE)
