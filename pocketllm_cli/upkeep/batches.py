"""Things that are done a piece at a time until nothing is left, and who is told of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from pocketllm_cli.api.files import Files
from pocketllm_cli.api.operating import Outcome
from pocketllm_cli.errors import BackendProblem

OBJECTS_AT_ONCE: Final = 100
ROWS_AT_ONCE: Final = 2000

Tell = Callable[[Outcome], None]
"""Is told after each piece what is done so far."""


async def until_none(
    what: str, outcome: Outcome, tell: Tell, piece: Callable[[], Awaitable[int]]
) -> None:
    """Do a piece after the other until one finds nothing to do."""
    while number := await piece():
        outcome.count(what, number)
        tell(outcome)


async def remove_files(
    files: Files, outcome: Outcome, tell: Tell, find: Callable[[], Awaitable[Sequence[str]]]
) -> None:
    """Remove the files that are found, until none is found.

    Somebody else may do the same at the same time.

    Raises:
        BackendProblem: Storage removes none of them.
    """
    stuck: list[str] = []
    while names := list(await find()):
        removed = await files.remove_all(names)
        if not removed and names == stuck:
            raise BackendProblem("Storage does not remove the files it was asked to.")
        stuck = [] if removed else names
        if removed:
            outcome.count("files", removed)
            tell(outcome)
