"""A chat with everything that belongs to it, as the JSON format has it; pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pocketllm_cli.branches import turns_of
from pocketllm_cli.models import Chat, ChatWithTurns

FORMAT: Final = "pocketllm-chats"
VERSION: Final = 1

CHAT_FIELDS: Final = (
    "id", "title", "title_by", "model_config_id", "current_message_id", "created_at", "updated_at",
    "archived_at",
)  # fmt: skip
MESSAGE_FIELDS: Final = ("id", "parent_id", "role", "content", "metadata", "created_at")


@dataclass(frozen=True, slots=True)
class WholeChat:
    """The row of a chat and the rows of its messages, oldest first, as the backend has them."""

    chat: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]

    def as_turns(self) -> ChatWithTurns:
        """Return it as it is read by people."""
        rows = [{"chat_id": self.chat["id"], **message} for message in self.messages]
        turns = turns_of(rows, self.chat["current_message_id"])
        return ChatWithTurns(Chat.from_row(self.chat), tuple(turns))

    def as_record(self) -> dict[str, Any]:
        """Return what the JSON format says of it."""
        chat = {name: self.chat[name] for name in CHAT_FIELDS}
        messages = [{name: row[name] for name in MESSAGE_FIELDS} for row in self.messages]
        return {**chat, "messages": messages}


DOCUMENT_START: Final = f'{{"format": "{FORMAT}", "version": {VERSION}, "chats": [\n'
DOCUMENT_END: Final = "\n]}\n"
"""Before and after the records, which a comma stands between."""


def render_record(chat: WholeChat) -> str:
    """Return what the JSON file has of a chat; ASCII, so that any pipe carries it unharmed."""
    return json.dumps(chat.as_record(), indent=1)


def render_document(chat: WholeChat) -> str:
    """Return the JSON file of one chat."""
    return DOCUMENT_START + render_record(chat) + DOCUMENT_END
