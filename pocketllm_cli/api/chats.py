"""Chats: found, made, changed, deleted."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pocketllm_cli.api.identifiers import id_filters
from pocketllm_cli.api.tables import Filters, Row, Table
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import AmbiguousId, ChatNotFound
from pocketllm_cli.models import Chat

LAST: Final = "last"
_NEWEST_FIRST: Final = "updated_at.desc,id.desc"
_CANDIDATES: Final = 8
_IDS_A_REQUEST: Final = 100
"""They stand in the address, which may have some thousand characters."""
_ARCHIVED: Final = {False: ("archived_at", "is.null"), True: ("archived_at", "not.is.null")}


class Chats:
    """The chats of the person who is signed in."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._chats = Table(wire, "chats", ",".join(Chat.__slots__))
        self._messages = Table(wire, "messages", "id")

    async def newest(self, limit: int, *, is_archived: bool = False) -> list[Chat]:
        """Return the chats used last, newest first: those in the list, or those put away."""
        filters = [_ARCHIVED[is_archived]]
        rows = await self._chats.select(filters, order=_NEWEST_FIRST, limit=limit)
        return [Chat.from_row(row) for row in rows]

    async def before(self, chat: Chat, limit: int, *, is_archived: bool = False) -> list[Chat]:
        """Return the chats used before this one, newest first."""
        at = f'"{chat.updated_at}"'
        earlier = f"(updated_at.lt.{at},and(updated_at.eq.{at},id.lt.{chat.id}))"
        filters = [("or", earlier), _ARCHIVED[is_archived]]
        rows = await self._chats.select(filters, order=_NEWEST_FIRST, limit=limit)
        return [Chat.from_row(row) for row in rows]

    async def of_ids(self, chat_ids: list[str]) -> list[Chat]:
        """Return the chats of these ids in this order, without those that are not there."""
        found: dict[str, Chat] = {}
        for at in range(0, len(chat_ids), _IDS_A_REQUEST):
            wanted = ",".join(chat_ids[at : at + _IDS_A_REQUEST])
            rows = await self._chats.select([("id", f"in.({wanted})")])
            found |= {row["id"]: Chat.from_row(row) for row in rows}
        return [found[chat_id] for chat_id in chat_ids if chat_id in found]

    async def find(self, reference: str) -> Chat:
        """Return the chat of an id, the beginning of an id, or `last`, which is none put away.

        Raises:
            ChatNotFound: There is none.
            AmbiguousId: There are several; the hint lists them.
        """
        if reference == LAST:
            chats = await self.newest(limit=1)
        else:
            filters = id_filters(reference)
            rows = [] if filters is None else await self._matching(filters)
            chats = [Chat.from_row(row) for row in rows]
        if not chats:
            raise ChatNotFound(None if reference == LAST else f"There is no chat “{reference}”.")
        if len(chats) > 1:
            raise AmbiguousId(f"“{reference}” fits more than one chat.", hint=_candidates(chats))
        return chats[0]

    async def create(self, title: str, model_config_id: str | None = None) -> Chat:
        """Make an empty chat and return it."""
        row = {"title": title, "model_config_id": model_config_id}
        return Chat.from_row(await self._chats.insert(row))

    async def open(self, chat_id: str, title: str, model_config_id: str | None) -> None:
        """Make an empty chat under an id of ours, titled by its first prompt."""
        row: Row = {"id": chat_id, "title": title, "title_by": "prompt"}
        if model_config_id:
            row["model_config_id"] = model_config_id
        await self._chats.insert_silently(row)

    async def set_model(self, chat_id: str, model_config_id: str) -> None:
        """Let a chat be answered by another model config from now on."""
        await self._chats.update([("id", f"eq.{chat_id}")], {"model_config_id": model_config_id})

    async def add_system_prompt(self, chat_id: str, text: str) -> None:
        """Put a system message at the end of a chat."""
        row = {"chat_id": chat_id, "role": "system", "content": text}
        await self._messages.insert_silently(row)

    async def fork(self, chat: Chat, at_message_id: str | None) -> Chat:
        """Make a new chat of the branch up to a message, the tip by default, and return it."""
        body: Row = {"chat_id": chat.id}
        if at_message_id:
            body["at_message_id"] = at_message_id
        answer = await self._wire.ask(Call("tables", "POST", "rpc/fork_chat", body=body))
        return Chat.from_row(answer[0] if isinstance(answer, list) else answer)

    async def rename(self, chat: Chat, title: str) -> Chat:
        """Give a chat another title and return it."""
        rows = await self._chats.update([("id", f"eq.{chat.id}")], {"title": title})
        if not rows:
            raise ChatNotFound
        return Chat.from_row(rows[0])

    async def archive(self, chat_ids: list[str], *, is_archived: bool = True) -> list[Chat]:
        """Put chats away, or take them out again, and return those there were."""
        filters = [("id", f"in.({','.join(chat_ids)})")]
        # "now" is the moment by the database's clock.
        rows = await self._chats.update(filters, {"archived_at": "now" if is_archived else None})
        return [Chat.from_row(row) for row in rows]

    async def delete(self, chat_ids: list[str]) -> None:
        """Delete chats, which can be restored for a month; those that are gone are fine."""
        body: Row = {"chat_ids": chat_ids}
        await self._wire.ask(Call("tables", "POST", "rpc/delete_chats", body=body))

    async def erase(self, chat_id: str) -> None:
        """Delete a chat for good; one that is gone already is fine."""
        await self._chats.delete([("id", f"eq.{chat_id}")])

    async def existing(self, chat_ids: Sequence[str]) -> set[str]:
        """Return which of these ids are chats; what is no id is none."""
        ids = [each for each in chat_ids if _is_id(each)]
        if not ids:
            return set()
        rows = await self._chats.select([("id", f"in.({','.join(ids)})")], limit=len(ids))
        return {str(row["id"]) for row in rows}

    async def _matching(self, filters: Filters) -> list[Row]:
        return await self._chats.select(filters, order=_NEWEST_FIRST, limit=_CANDIDATES)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _candidates(chats: list[Chat]) -> str:
    lines = [f"  {chat.id[:13]}  {chat.updated_at[:16]}  {chat.title}" for chat in chats]
    return "\n".join(["Give more of the id:", *lines])
