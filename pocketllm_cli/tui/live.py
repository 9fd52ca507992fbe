"""What changes at the backend while the app looks on, and how the app hears of it.

`Changes` is what the app needs; `PolledChanges` gives it where real-time changes cannot be heard
(`heard_changes.py`): it looks at the newest chats every few seconds.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Chat

if TYPE_CHECKING:
    from pocketllm_cli.api.chats import Chats

_LOOK_SECONDS: Final = 4.0
_LOOK_AT: Final = 50


@dataclass(frozen=True, slots=True)
class ChatChanged:
    """A chat is new, renamed, or has another tip."""

    chat: Chat


@dataclass(frozen=True, slots=True)
class ChatGone:
    """A chat was deleted."""

    chat_id: str


@dataclass(frozen=True, slots=True)
class ConnectionGone:
    """Nothing is heard any more; it is tried again."""

    error: PocketLLMError


@dataclass(frozen=True, slots=True)
class ConnectionBack:
    """Changes are heard from now on; what changed before must be read."""


@dataclass(frozen=True, slots=True)
class MessagesGone:
    """Messages were deleted; nobody says of which chats."""

    message_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class JobTouched:
    """A job is new or stands otherwise than before; the table says how."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobGone:
    """A job was deleted."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Looked:
    """Nothing tells of messages now: the chat that is open may have changed."""


Change = (
    Looked
    | ChatChanged
    | ChatGone
    | MessagesGone
    | JobTouched
    | JobGone
    | ConnectionGone
    | ConnectionBack
)


class Changes(Protocol):
    """Tells what changes, for as long as it is listened to."""

    def listen(self) -> AsyncGenerator[Change, None]:
        """Yield changes without end; it never raises for a lost connection."""
        ...


@dataclass(frozen=True, slots=True)
class PolledChanges:
    """Looks at the newest chats again and again."""

    chats: "Chats"
    every_seconds: float = _LOOK_SECONDS

    async def listen(self) -> AsyncGenerator[Change, None]:
        """Yield what differs from the last look."""
        known: dict[str, Chat] = {}
        is_connected = False
        while True:
            try:
                found = {chat.id: chat for chat in await self.chats.newest(_LOOK_AT)}
            except PocketLLMError as error:
                is_connected = False
                yield ConnectionGone(error)
            else:
                if not is_connected:
                    is_connected = True
                    yield ConnectionBack()
                else:
                    for change in differences(known, found):
                        yield change
                    yield Looked()
                known = found
            await asyncio.sleep(self.every_seconds)


def differences(before: dict[str, Chat], after: dict[str, Chat]) -> list[Change]:
    """Return what changed between two looks at the newest chats, newest first in each."""
    changes: list[Change] = [
        ChatChanged(chat) for chat_id, chat in after.items() if before.get(chat_id) != chat
    ]
    oldest = min((chat.updated_at for chat in after.values()), default="")
    is_whole = len(after) < _LOOK_AT
    for chat_id, chat in before.items():
        if chat_id not in after and (is_whole or chat.updated_at > oldest):
            changes.append(ChatGone(chat_id))
    return changes
