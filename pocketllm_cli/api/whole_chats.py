"""Chats with all that belongs to them, read to be kept elsewhere, and brought in from elsewhere."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from pocketllm_cli.api.tables import Row, Table
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import Conflict
from pocketllm_cli.exports.whole_chat import CHAT_FIELDS, MESSAGE_FIELDS, WholeChat

_A_PAGE: Final = 500
_CHATS_A_PAGE: Final = 100
_MOST_MESSAGES: Final = 500
_MOST_BYTES: Final = 1_000_000
"""What goes in one call: a quarter of what the backend takes, since a message may be larger."""


@dataclass(frozen=True, slots=True)
class WholeChats:
    """The chats of the person who is signed in."""

    wire: Wire

    async def read(self, chat_id: str) -> WholeChat | None:
        """Return one chat; None when it is gone."""
        chats = await self._chats.select([("id", f"eq.{chat_id}")], limit=1)
        return await self._with_messages(chats[0]) if chats else None

    async def read_all(self) -> AsyncIterator[WholeChat]:
        """Yield every chat, the one made first first."""
        after: list[tuple[str, str]] = []
        while True:
            page = await self._chats.select(after, order="id.asc", limit=_CHATS_A_PAGE)
            for chat in page:
                yield await self._with_messages(chat)
            if len(page) < _CHATS_A_PAGE:
                return
            after = [("id", f"gt.{page[-1]['id']}")]

    async def known(self, chat_ids: Sequence[str]) -> set[str]:
        """Return which of these chats are there."""
        found: set[str] = set()
        table = Table(self.wire, "chats", "id")
        for start in range(0, len(chat_ids), _CHATS_A_PAGE):
            some = ",".join(chat_ids[start : start + _CHATS_A_PAGE])
            found |= {row["id"] for row in await table.select([("id", f"in.({some})")])}
        return found

    async def put(self, record: Mapping[str, Any], user_id: str) -> bool:
        """Bring in a chat that is not there; False when it is after all.

        Ids that are somebody else's on this backend are replaced, the same way every time.
        """
        try:
            await self.put_as_named(record)
        except Conflict:
            if await self.known([record["id"]]):
                return False
            record = with_other_ids(record, user_id)
            if await self.known([record["id"]]):
                return False
            await self.put_as_named(record)
        return True

    async def put_as_named(self, record: Mapping[str, Any]) -> None:
        """Bring in a chat under the ids it has.

        Raises:
            Conflict: One of them is taken.
        """
        first, *others = in_parts(record["messages"])
        tip = record["current_message_id"]
        chat = {name: record.get(name) for name in CHAT_FIELDS}
        if others:
            chat["current_message_id"] = None
        await self._call("import_chat", {"chat": chat, "messages": first})
        await self._add(record["id"], others, tip)

    async def add(
        self, chat_id: str, messages: Sequence[Mapping[str, Any]], tip: str | None
    ) -> None:
        """Go on with a chat that is there to a part; its shown branch then ends with `tip`."""
        await self._add(chat_id, in_parts(messages), tip)

    async def _add(
        self, chat_id: str, parts: Sequence[Sequence[Mapping[str, Any]]], tip: str | None
    ) -> None:
        for number, part in enumerate(parts, 1):
            body: Row = {"chat_id": chat_id, "messages": part}
            if number == len(parts):
                body["tip"] = tip
            await self._call("import_messages", body)

    async def _call(self, function: str, body: Row) -> None:
        headers = {"Prefer": "return=minimal"}
        await self.wire.ask(Call("tables", "POST", f"rpc/{function}", (), body, headers))

    @property
    def _chats(self) -> Table:
        return Table(self.wire, "chats", ",".join(CHAT_FIELDS))

    async def _with_messages(self, chat: Row) -> WholeChat:
        table = Table(self.wire, "messages", ",".join((*MESSAGE_FIELDS, "seq")))
        rows: list[Row] = []
        while True:
            last_seq = rows[-1]["seq"] if rows else -1
            filters = [("chat_id", f"eq.{chat['id']}"), ("seq", f"gt.{last_seq}")]
            page = await table.select(filters, order="seq.asc", limit=_A_PAGE)
            rows += page
            if len(page) < _A_PAGE:
                return WholeChat(chat, rows)


def in_parts(messages: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return messages in order, in parts that one call each can carry; at least one part."""
    parts: list[list[Mapping[str, Any]]] = [[]]
    size = 0
    for message in messages:
        own = len(json.dumps(message))
        if parts[-1] and (size + own > _MOST_BYTES or len(parts[-1]) == _MOST_MESSAGES):
            parts.append([])
            size = 0
        parts[-1].append(message)
        size += own
    return parts


def with_other_ids(record: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """Return a chat under ids made from its own and from whose it becomes."""
    namespace = UUID(user_id)

    def other(old: str | None) -> str | None:
        return old and str(uuid5(namespace, old))

    messages = [
        {**message, "id": other(message["id"]), "parent_id": other(message["parent_id"])}
        for message in record["messages"]
    ]
    ids = {name: other(record[name]) for name in ("id", "current_message_id")}
    return {**record, **ids, "messages": messages}
