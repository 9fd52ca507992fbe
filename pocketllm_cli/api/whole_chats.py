"""Chats with all that belongs to them, read to be kept elsewhere, and brought in from elsewhere."""

import json
from collections import deque
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
_IDS_A_PAGE: Final = 1000
_MOST_MESSAGES: Final = 200
_MOST_BYTES: Final = 250_000
"""What goes in one call. A statement has eight seconds, and a busy machine takes three to index the
words of a megabyte."""


@dataclass(frozen=True, slots=True)
class WholeChats:
    """The chats of the person who is signed in."""

    wire: Wire

    async def read(self, chat_id: str) -> WholeChat | None:
        """Return one chat; None when it is gone."""
        chats = await self._chats.select([("id", f"eq.{chat_id}")], limit=1)
        async for chat in self._with_messages(chats):
            return chat
        return None

    async def read_all(self) -> AsyncIterator[WholeChat]:
        """Yield every chat, in the order of their ids, but none that is deleted meanwhile."""
        after: list[tuple[str, str]] = []
        while True:
            page = await self._chats.select(after, order="id.asc", limit=_CHATS_A_PAGE)
            async for chat in self._with_messages(page):
                # A chat and its messages are read one after the other: it may have changed between.
                whole = chat if _is_whole(chat) else await self.read(str(chat.chat["id"]))
                if whole is not None:
                    yield whole
            if len(page) < _CHATS_A_PAGE:
                return
            after = [("id", f"gt.{page[-1]['id']}")]

    async def count(self) -> int:
        """Return how many chats there are."""
        table, count = Table(self.wire, "chats", "id"), 0
        after: list[tuple[str, str]] = []
        while page := await table.select(after, order="id.asc", limit=_IDS_A_PAGE):
            count += len(page)
            after = [("id", f"gt.{page[-1]['id']}")]
        return count

    async def known(self, chat_ids: Sequence[str]) -> set[str]:
        """Return which of these chats are there."""
        found: set[str] = set()
        table = Table(self.wire, "chats", "id")
        for start in range(0, len(chat_ids), _CHATS_A_PAGE):
            some = ",".join(chat_ids[start : start + _CHATS_A_PAGE])
            found |= {row["id"] for row in await table.select([("id", f"in.({some})")])}
        return found

    async def put_together(self, records: Sequence[Row], user_id: str) -> list[bool]:
        """Bring in chats that one call can carry; False for those that were there after all."""
        if len(records) > 1:
            whole = [
                {"chat": _chat_of(record), "messages": record["messages"]} for record in records
            ]
            try:
                await self._call("import_chats", {"chats": whole})
            except Conflict:  # with one of them: which, each by itself tells
                pass
            else:
                return [True] * len(records)
        return [await self.put(record, user_id) for record in records]

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
                await self.finish(record)
                return False
            await self.put_as_named(record)
        return True

    async def finish(self, record: Mapping[str, Any]) -> int:
        """Add what is missing of a chat that an import was stopped in; return how many messages.

        A chat is taken for one where it holds just the first parts of what belongs to it, so that
        what a person has deleted since does not come back.
        """
        parts = in_parts(record["messages"])
        if len(parts) < 2:
            return 0
        table = Table(self.wire, "messages", "id,seq")
        stored: list[str] = []
        after = -1
        while page := await table.select(
            [("chat_id", f"eq.{record['id']}"), ("seq", f"gt.{after}")],
            order="seq.asc",
            limit=_A_PAGE,
        ):
            stored += [row["id"] for row in page]
            after = page[-1]["seq"]
        missing = deque(parts)
        while missing and [message["id"] for message in missing[0]] == stored[: len(missing[0])]:
            stored = stored[len(missing.popleft()) :]
        if stored or not missing or len(missing) == len(parts):
            return 0
        await self._add(record["id"], tuple(missing), record["current_message_id"])
        return sum(map(len, missing))

    async def put_as_named(self, record: Mapping[str, Any]) -> None:
        """Bring in a chat under the ids it has.

        Raises:
            Conflict: One of them is taken.
        """
        first, *others = in_parts(record["messages"])
        tip = record["current_message_id"]
        chat = _chat_of(record)
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

    async def _with_messages(self, chats: Sequence[Row]) -> AsyncIterator[WholeChat]:
        """Yield chats, given in the order of their ids, holding the messages of one at a time."""
        waiting = deque(chats)
        rows: list[Row] = []
        async for row in self._messages([chat["id"] for chat in chats]):
            while waiting[0]["id"] != row["chat_id"]:
                yield WholeChat(waiting.popleft(), rows)
                rows = []
            rows.append(row)
        while waiting:
            yield WholeChat(waiting.popleft(), rows)
            rows = []

    async def _messages(self, chat_ids: Sequence[str]) -> AsyncIterator[Row]:
        """Yield the messages of chats, given in order, those of each oldest first."""
        table = Table(self.wire, "messages", ",".join((*MESSAGE_FIELDS, "chat_id", "seq")))
        after: list[tuple[str, str]] = []
        while chat_ids:
            filters = [("chat_id", f"in.({','.join(chat_ids)})"), *after]
            page = await table.select(filters, order="chat_id.asc,seq.asc", limit=_A_PAGE)
            for row in page:
                yield row
            if len(page) < _A_PAGE:
                return
            chat_id, seq = page[-1]["chat_id"], page[-1]["seq"]
            chat_ids = [one for one in chat_ids if one >= chat_id]
            after = [("or", f"(chat_id.gt.{chat_id},seq.gt.{seq})")]


def in_loads(records: Sequence[Row]) -> list[list[Row]]:
    """Return chats in order, together where one call carries them, and alone if none does."""
    loads: list[list[Row]] = []
    count = size = 0
    for record in records:
        own_count, own_size = len(record["messages"]), len(json.dumps(record))
        if not loads or count + own_count > _MOST_MESSAGES or size + own_size > _MOST_BYTES:
            loads.append([])
            count = size = 0
        loads[-1].append(record)
        count, size = count + own_count, size + own_size
    return loads


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


def _is_whole(chat: WholeChat) -> bool:
    """Say whether the message that the shown branch ends with is among those that were read."""
    tip = chat.chat["current_message_id"]
    return tip is None or any(row["id"] == tip for row in reversed(chat.messages))


def _chat_of(record: Mapping[str, Any]) -> Row:
    return {name: record.get(name) for name in CHAT_FIELDS}


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
