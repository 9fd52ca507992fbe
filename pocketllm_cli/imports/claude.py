"""Claude's export: `conversations.json`, each chat a list of messages.

Source: the archive that claude.ai offers under its privacy settings; its format is not published.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pocketllm_cli.imports.records import ForeignChat, ForeignMessage, moment, without_nul

SOURCE: Final = "claude"
_ROLES: Final = {"human": "user", "assistant": "assistant"}


def looks_like(chats: list[Any]) -> bool:
    """Say whether this is such a file."""
    return any(isinstance(chat, dict) and "chat_messages" in chat for chat in chats[:10])


def read_chats(chats: list[Any]) -> Iterator[ForeignChat]:
    """Yield the chats that hold anything."""
    for chat in chats:
        if isinstance(chat, dict) and isinstance(chat.get("chat_messages"), list):
            foreign = _chat(chat)
            if foreign.messages:
                yield foreign


def _chat(chat: Mapping[str, Any]) -> ForeignChat:
    messages: dict[str, ForeignMessage] = {}
    last: str | None = None
    for number, item in enumerate(chat["chat_messages"]):
        if not isinstance(item, dict):
            continue
        key = str(item.get("uuid") or number)
        named = item.get("parent_message_uuid")
        message = _message(key, item, str(named) if named in messages else last)
        if message is not None and key not in messages:
            messages[key] = message
            last = key
    return ForeignChat(
        source=SOURCE,
        key=str(chat.get("uuid") or last or ""),
        title=str(chat.get("name") or ""),
        created_at=moment(chat.get("created_at")),
        updated_at=moment(chat.get("updated_at")),
        messages=tuple(messages.values()),
    )


def _message(key: str, item: Mapping[str, Any], parent: str | None) -> ForeignMessage | None:
    role = _ROLES.get(str(item.get("sender")))
    text = _text(item)
    if role is None or not text.strip():
        return None
    return ForeignMessage(key, parent, role, text, moment(item.get("created_at")))


def _text(item: Mapping[str, Any]) -> str:
    blocks = item.get("content")
    said = ""
    if isinstance(blocks, list):
        texts = [one.get("text") for one in blocks if isinstance(one, dict)]
        said = "\n\n".join(text for text in texts if isinstance(text, str) and text)
    files = [_file(one) for one in item.get("attachments") or [] if isinstance(one, dict)]
    return without_nul("\n\n".join(filter(None, [*files, said or str(item.get("text") or "")])))


def _file(attachment: Mapping[str, Any]) -> str:
    name, text = attachment.get("file_name"), attachment.get("extracted_content")
    return f"{name}:\n\n{text}" if text else f"[file: {name}]" if name else ""
