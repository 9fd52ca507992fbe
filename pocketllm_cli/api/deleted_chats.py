"""Deleted chats, which the backend keeps for a month."""

from dataclasses import dataclass
from typing import Final

from pocketllm_cli.api.chats import LAST
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import AmbiguousId, ChatNotFound
from pocketllm_cli.models import Chat, DeletedChat

_HINT: Final = "Run `pocketllm chats restore` to see what can be restored."


@dataclass(frozen=True, slots=True)
class DeletedChats:
    """What the person who is signed in deleted."""

    wire: Wire

    async def newest(self) -> list[DeletedChat]:
        """Return what can be restored, the last deleted first; a thousand at most."""
        rows = await self.wire.ask(Call("tables", "POST", "rpc/deleted_chats", body={}))
        return [DeletedChat.from_row(row) for row in rows]

    async def find_all(self, references: list[str]) -> list[DeletedChat]:
        """Return deleted chats by ids, beginnings of ids, or `last`; each once.

        Raises:
            ChatNotFound: One of them is not there.
            AmbiguousId: One of them fits several.
        """
        deleted = await self.newest()
        found = [_pick(deleted, reference) for reference in references]
        return list({chat.id: chat for chat in found}.values())

    async def restore(self, chat_ids: list[str]) -> list[Chat]:
        """Bring chats back as they were and return those there were."""
        body = {"chat_ids": chat_ids}
        rows = await self.wire.ask(Call("tables", "POST", "rpc/restore_chats", body=body))
        return [Chat.from_row(row) for row in rows]


def _pick(deleted: list[DeletedChat], reference: str) -> DeletedChat:
    if reference == LAST:
        matching = deleted[:1]
    else:
        digits = reference.strip().lower().replace("-", "")
        matching = [chat for chat in deleted if chat.id.replace("-", "").startswith(digits)]
    if not matching or not reference.strip():
        raise ChatNotFound(f"There is no deleted chat “{reference}”.", hint=_HINT)
    if len(matching) > 1:
        raise AmbiguousId(f"“{reference}” fits more than one deleted chat.", hint=_HINT)
    return matching[0]
