"""The branch of a chat that is shown, read from its tip backwards, a page at a time.

However long the chat is and wherever its tip hangs, a page costs at most four requests.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from pocketllm_cli.api.tables import Filters, Row, Table
from pocketllm_cli.api.wire import Wire
from pocketllm_cli.models import Message, Turn

_PLACES: Final = "id,parent_id,role,seq"


@dataclass(frozen=True, slots=True)
class BranchPage:
    """Turns that follow one another, oldest first.

    `older_id` is the message before the first one; None where the chat begins here.
    """

    turns: tuple[Turn, ...]
    older_id: str | None


class ShownBranch:
    """Reads the branches of one account's chats."""

    def __init__(self, wire: Wire) -> None:
        self._rows = Table(wire, "messages", ",".join(Message.__slots__) + ",seq,parent_id")
        self._places = Table(wire, "messages", _PLACES)
        self._tips = Table(wire, "chats", "id,current_message_id")

    async def newest(self, chat_id: str, limit: int) -> BranchPage:
        """Return the end of the branch; a chat without messages is an empty page."""
        tips = await self._tips.select([("id", f"eq.{chat_id}")], limit=1)
        tip = tips[0]["current_message_id"] if tips else None
        return await self._page(chat_id, tip, limit)

    async def before(self, chat_id: str, older_id: str, limit: int) -> BranchPage:
        """Return what leads to a message, that message included."""
        return await self._page(chat_id, older_id, limit)

    async def _page(self, chat_id: str, end_id: str | None, limit: int) -> BranchPage:
        if end_id is None:
            return BranchPage((), None)
        rows: dict[str, Row] = {}
        branch: list[Row] = []
        at: str | None = end_id
        while at is not None and len(branch) < limit:
            if at not in rows:
                rows = await self._rows_up_to(chat_id, at, limit)
                if at not in rows:
                    at = None  # deleted meanwhile
                    break
            branch.append(rows[at])
            at = rows[at]["parent_id"]
        branch.reverse()
        return BranchPage(await self._as_turns(chat_id, branch), at)

    async def _rows_up_to(self, chat_id: str, message_id: str, limit: int) -> dict[str, Row]:
        """Return a message and those written before it, the likeliest ones of its branch."""
        here = [("chat_id", f"eq.{chat_id}")]
        places = await self._places.select([*here, ("id", f"eq.{message_id}")], limit=1)
        if not places:
            return {}
        filters = [*here, ("seq", f"lte.{places[0]['seq']}")]
        page = await self._rows.select(filters, order="seq.desc", limit=limit)
        return {row["id"]: row for row in page}

    async def _as_turns(self, chat_id: str, branch: list[Row]) -> tuple[Turn, ...]:
        parents = [row["parent_id"] for row in branch if row["parent_id"]]
        siblings = await self._siblings(chat_id, parents, with_first=len(parents) < len(branch))
        turns = []
        for row in branch:
            ids = siblings.get((row["parent_id"], row["role"]), [row["id"]])
            turns.append(
                Turn(
                    Message.from_row(row),
                    parent_id=row["parent_id"],
                    version=ids.index(row["id"]) + 1 if row["id"] in ids else len(ids) + 1,
                    versions=len(ids),
                    is_shown=True,
                )
            )
        return tuple(turns)

    async def versions(self, chat_id: str, turn: Turn) -> list[str]:
        """Return the ids of a turn's versions in the order they were written."""
        parents = [turn.parent_id] if turn.parent_id else []
        siblings = await self._siblings(chat_id, parents, with_first=not parents)
        return siblings.get((turn.parent_id, turn.message.role), [turn.message.id])

    async def _siblings(
        self, chat_id: str, parents: list[str], *, with_first: bool
    ) -> dict[tuple[str | None, str], list[str]]:
        found: list[Row] = []
        if parents:
            found += await self._children(chat_id, ("parent_id", f"in.({','.join(parents)})"))
        if with_first:
            found += await self._children(chat_id, ("parent_id", "is.null"))
        siblings = defaultdict(list)
        for row in sorted(found, key=lambda row: row["seq"]):
            siblings[row["parent_id"], row["role"]].append(row["id"])
        return siblings

    async def _children(self, chat_id: str, condition: tuple[str, str]) -> list[Row]:
        filters: Filters = [("chat_id", f"eq.{chat_id}"), condition]
        return await self._places.select(filters, order="seq.asc")
