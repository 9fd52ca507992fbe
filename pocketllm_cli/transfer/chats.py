"""Chats with their trees, from one backend to another, compared message by message."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pocketllm_cli.api.whole_chats import WholeChats
from pocketllm_cli.errors import Conflict
from pocketllm_cli.exports.whole_chat import WholeChat
from pocketllm_cli.transfer.places import Places
from pocketllm_cli.transfer.report import Report

_COMPARED: Final = ("title", "current_message_id", "created_at", "archived_at", "messages")
_CHANGED: Final = "it was changed at the target"
_DELETED: Final = "it was deleted at the target"
_DIFFERS: Final = "what is stored at the target differs"
_BEING_BROUGHT: Final = "another transfer is bringing it over"
_TRIES: Final = 3


class ChatMover:
    """Brings one chat after the other over.

    Args:
        deleted: Ids of chats that their owner has deleted at the target.
    """

    def __init__(
        self, target: WholeChats, places: Places, report: Report, *, deleted: Collection[str] = ()
    ) -> None:
        self._target = target
        self._places = places
        self._report = report
        self._deleted = deleted

    async def move(self, chat: WholeChat) -> None:
        """Bring a chat over, or what is missing of it, and compare."""
        old = str(chat.chat["id"])
        for _ in range(_TRIES):
            record = self._places.record(chat)
            there = await self._target.read(record["id"])
            if there is None and record["id"] in self._deleted:
                self._report.leave("chat", old, _DELETED)
                return
            try:
                missing = await self._complete(record, there)
            except Conflict:  # somebody else's ids, or another transfer was faster
                if there is None and await self._target.read(record["id"]) is None:
                    self._places.rename(old)
            else:
                await self._compare(old, record, missing)
                return
        self._report.leave("chat", old, _BEING_BROUGHT)

    async def count(self, chat: WholeChat) -> None:
        """Count what `move` would bring over; nothing is changed."""
        for _ in range(2):  # under its own id, or the one that it got in its place
            record = self._places.record(chat)
            if (there := await self._target.read(record["id"])) is not None:
                if (missing := self._missing(record, there)) is not None:
                    self._count(missing)
                return
            if record["id"] in self._deleted:
                self._report.leave("chat", str(chat.chat["id"]), _DELETED)
                return
            self._places.rename(str(chat.chat["id"]))
        self._count(record["messages"])

    def _count(self, messages: list[Mapping[str, Any]]) -> None:
        self._report.chats += 1
        self._report.messages += len(messages)

    async def _compare(
        self, old: str, record: Mapping[str, Any], missing: list[Mapping[str, Any]] | None
    ) -> None:
        if missing is None:
            return
        self._count(missing)
        stored = await self._target.read(record["id"])
        if stored is None or not is_same(record, stored):
            self._report.leave("chat", old, _DIFFERS)

    async def _complete(
        self, record: Mapping[str, Any], there: WholeChat | None
    ) -> list[Mapping[str, Any]] | None:
        """Add what is not there yet and return it; None where nothing is to be added."""
        if there is None:
            await self._target.put_as_named(record)
            return list(record["messages"])
        missing = self._missing(record, there)
        if missing is not None:
            await self._target.add(record["id"], missing, record["current_message_id"])
        return missing

    def _missing(
        self, record: Mapping[str, Any], there: WholeChat
    ) -> list[Mapping[str, Any]] | None:
        """Return what an earlier transfer did not come to; None where nothing is to be added."""
        stored = {row["id"]: _message(row) for row in there.messages}
        wanted = {row["id"]: _message(row) for row in record["messages"]}
        if stored == wanted:  # what it is called there, and which version is shown, is theirs
            self._report.already_there += 1
            return None
        if any(wanted.get(key) != row for key, row in stored.items()):
            self._report.leave("chat", record["id"], _CHANGED)
            return None
        return [row for row in record["messages"] if row["id"] not in stored]


def is_same(record: Mapping[str, Any], stored: WholeChat) -> bool:
    """Say whether a stored chat is what was brought in."""
    found = stored.as_record()
    found["messages"] = [_message(row) for row in found["messages"]]
    wanted = {**record, "messages": [_message(row) for row in record["messages"]]}
    return all(wanted[name] == found[name] for name in _COMPARED)


def _message(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("id", "parent_id", "role", "content", "metadata", "created_at")
    }
