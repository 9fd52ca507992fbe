"""What every reader of a foreign file makes of it, and how it gets its ids here; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

_LONGEST_TITLE: Final = 120
_UNTITLED: Final = "Untitled chat"


@dataclass(frozen=True, slots=True)
class ForeignMessage:
    """One turn as the other program kept it."""

    key: str
    """What the program calls it; unique within its chat."""
    parent_key: str | None
    role: str
    content: str
    created_at: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForeignChat:
    """One conversation as the other program kept it; a parent stands before what follows it."""

    source: str
    key: str
    """What the program calls it; unique within the source."""
    title: str
    created_at: str | None
    updated_at: str | None
    messages: tuple[ForeignMessage, ...]
    tip_key: str | None = None
    """The message its shown branch ends with; None means the last."""
    title_by: str = "person"

    def record(self, user_id: str) -> dict[str, Any]:
        """Return the chat as it is brought in, under ids that are the same every time.

        Args:
            user_id: Whose chat it becomes: the same file makes other ids for somebody else.
        """
        chat_id = chat_id_of(self.source, self.key, user_id)
        return {
            "id": chat_id,
            "title": tidy_title(self.title),
            "title_by": self.title_by,
            "created_at": self.created_at or self.updated_at,
            "updated_at": self.updated_at or self.created_at,
            "current_message_id": self.tip_key and _message_id(chat_id, self.tip_key),
            "messages": [self._message(chat_id, message) for message in self.messages],
        }

    def _message(self, chat_id: str, message: ForeignMessage) -> dict[str, Any]:
        record = {
            "id": _message_id(chat_id, message.key),
            "parent_id": message.parent_key and _message_id(chat_id, message.parent_key),
            "role": message.role,
            "content": message.content,
            "metadata": dict(message.metadata) or None,
        }
        if when := message.created_at or self.created_at or self.updated_at:
            record["created_at"] = when
        return record


def chat_id_of(source: str, key: str, user_id: str) -> str:
    """Return the id a foreign chat has here."""
    return str(uuid5(NAMESPACE_OID, f"pocketllm:{source}:{user_id}:{key}"))


def _message_id(chat_id: str, key: str) -> str:
    return str(uuid5(UUID(chat_id), key))


def tidy_title(title: str) -> str:
    """Return a title of a chat: one line of a length that lists can show."""
    line = " ".join(without_nul(title).split())
    return line[:_LONGEST_TITLE].rstrip() or _UNTITLED


def without_nul(text: str) -> str:
    """Return text that the database takes: U+0000 and lone surrogates are shown as U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def text_or_none(value: object) -> str | None:
    """Return text that is not empty; None for anything else that may stand in its place."""
    return value if isinstance(value, str) and value else None


def moment(value: object) -> str | None:
    """Return a time as ISO 8601 in UTC; None where it is none. Numbers are seconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC).isoformat()
        if isinstance(value, str) and value:
            parsed = datetime.fromisoformat(value)
            return parsed.replace(tzinfo=parsed.tzinfo or UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
    return None
