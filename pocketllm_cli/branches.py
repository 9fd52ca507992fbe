"""The tree of a chat's messages: the branch that is shown, and the versions of each turn.

Messages of one role under one parent are versions of one turn, numbered in the order they were
written. The branch is the walk from the tip to the first message.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pocketllm_cli.models import Message, Turn


def turns_of(rows: Sequence[Mapping[str, Any]], tip: str | None) -> list[Turn]:
    """Return every message as a turn, in the order they were written.

    Args:
        rows: All messages of a chat, oldest first, with `parent_id`.
        tip: The message the branch ends with; None means the newest.
    """
    shown = _branch_ids(rows, tip)
    versions = defaultdict(list)
    for row in rows:
        versions[row.get("parent_id"), row["role"]].append(row["id"])
    turns = []
    for row in rows:
        siblings = versions[row.get("parent_id"), row["role"]]
        turns.append(
            Turn(
                Message.from_row(row),
                parent_id=row.get("parent_id"),
                version=siblings.index(row["id"]) + 1,
                versions=len(siblings),
                is_shown=row["id"] in shown,
            )
        )
    return turns


def _branch_ids(rows: Sequence[Mapping[str, Any]], tip: str | None) -> set[str]:
    parents = {row["id"]: row.get("parent_id") for row in rows}
    at = tip if tip in parents else (rows[-1]["id"] if rows else None)
    found: set[str] = set()
    while at is not None and at in parents and at not in found:
        found.add(at)
        at = parents[at]
    return found
