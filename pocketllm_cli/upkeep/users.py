"""The end of a user: everything that is theirs goes, and what is left of them is counted."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pocketllm_cli.api.operating import Operator, Outcome
from pocketllm_cli.errors import BackendProblem, UserNotFound
from pocketllm_cli.upkeep.batches import (
    OBJECTS_AT_ONCE,
    ROWS_AT_ONCE,
    Tell,
    remove_files,
    until_none,
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """How much a user has in one place; bytes where it is files."""

    place: str
    entries: int
    bytes: int | None


async def footprint(operator: Operator, user_id: str) -> list[Footprint]:
    """Count what a user has, whether there is such a user or not."""
    rows: list[dict[str, Any]] = await operator.call("admin_footprint", user_id=user_id)
    return [Footprint(row["place"], row["entries"], row["bytes"]) for row in rows]


async def delete_user(operator: Operator, user_id: str, tell: Tell) -> dict[str, int]:
    """Delete a user with all that is theirs, and return how much that was.

    It may end anywhere and be begun again, also when the user is gone already: they are shut out
    first, their files and rows go in batches, then the user; what came in between goes last.

    Raises:
        BackendProblem: Something of theirs is left.
    """

    async def find_files() -> Sequence[str]:
        rows = await operator.call("admin_objects", user_id=user_id, most=OBJECTS_AT_ONCE)
        return [row["name"] for row in rows]

    async def erase_rows() -> int:
        return int(await operator.call("admin_erase_rows", user_id=user_id, most=ROWS_AT_ONCE))

    async with operator.audited("users delete", user_id) as outcome:
        with suppress(UserNotFound):
            await operator.users.disable(user_id)
        await remove_files(operator.files, outcome, tell, find_files)
        await until_none("rows", outcome, tell, erase_rows)
        await _delete_account(operator, user_id, outcome)
        await remove_files(operator.files, outcome, tell, find_files)
        left = [place.place for place in await footprint(operator, user_id) if place.entries]
        if left:
            hint = "The same command goes on from here."
            raise BackendProblem(f"Something is left in: {', '.join(left)}.", hint=hint)
    return outcome.done


async def _delete_account(operator: Operator, user_id: str, outcome: Outcome) -> None:
    try:
        await operator.users.delete(user_id)
    except UserNotFound:
        return
    outcome.count("accounts", 1)
