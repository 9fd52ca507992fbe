"""Chats with their trees, from one backend to another, compared message by message."""

from collections.abc import Mapping
from typing import Any, Final

from pocketllm_cli.api.whole_chats import WholeChats
from pocketllm_cli.errors import Conflict
from pocketllm_cli.exports.whole_chat import WholeChat
from pocketllm_cli.transfer.places import Places
from pocketllm_cli.transfer.report import Report

_COMPARED: Final = ("title", "current_message_id", "created_at", "messages")
_CHANGED: Final = "it was changed at the target"
_DIFFERS: Final = "what is stored at the target differs"


class ChatMover:
    """Brings one chat after the other over."""

    def __init__(self, target: WholeChats, places: Places, report: Report) -> None:
        self._target = target
        self._places = places
        self._report = report

    async def move(self, chat: WholeChat) -> None:
        """Bring a chat over, or what is missing of it, and compare.

        Raises:
            Conflict: Its ids are somebody else's, and so are those made in their place.
        """
        old = str(chat.chat["id"])
        record = self._places.record(chat)
        there = await self._target.read(record["id"])
        if there is None:
            try:
                await self._target.put_as_named(record)
            except Conflict:
                self._places.rename(old)
                record = self._places.record(chat)
                there = await self._target.read(record["id"])
                if there is None:
                    await self._target.put_as_named(record)
        missing = await self._complete(record, there) if there else record["messages"]
        if missing is None:
            return
        self._report.chats += 1
        self._report.messages += len(missing)
        stored = await self._target.read(record["id"])
        if stored is None or not is_same(record, stored):
            self._report.leave("chat", old, _DIFFERS)

    async def _complete(
        self, record: Mapping[str, Any], there: WholeChat
    ) -> list[Mapping[str, Any]] | None:
        """Add what an earlier transfer did not come to; None where nothing is added."""
        stored = {row["id"]: _message(row) for row in there.messages}
        wanted = {row["id"]: _message(row) for row in record["messages"]}
        if stored == wanted:  # what it is called there, and which version is shown, is theirs
            self._report.already_there += 1
            return None
        if any(wanted.get(key) != row for key, row in stored.items()):
            self._report.leave("chat", record["id"], _CHANGED)
            return None
        missing = [row for row in record["messages"] if row["id"] not in stored]
        await self._target.add(record["id"], missing, record["current_message_id"])
        return missing


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
