"""Claude's export: `conversations.json`, each chat a list of messages.

Source: the archive that claude.ai offers under its privacy settings; its format is not published.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pocketllm_cli.imports.records import (
    ForeignChat,
    ForeignMessage,
    moment,
    text_or_none,
    without_nul,
)

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
    followed = _followed(chat["chat_messages"])
    for number, item in enumerate(chat["chat_messages"]):
        if not isinstance(item, dict):
            continue
        key = str(item.get("uuid") or number)
        parent = _told_parent(key, followed, messages) if followed else last
        message = _message(key, item, parent)
        if message is not None and key not in messages:
            messages[key] = message
            last = key
    return ForeignChat(
        source=SOURCE,
        key=str(chat.get("uuid") or last or ""),
        title=text_or_none(chat.get("name")) or "",
        created_at=moment(chat.get("created_at")),
        updated_at=moment(chat.get("updated_at")),
        messages=tuple(messages.values()),
    )


def _followed(items: list[Any]) -> dict[str, str]:
    """Return which message each one follows; {} in exports that do not tell."""
    return {
        str(item["uuid"]): str(item["parent_message_uuid"])
        for item in items
        if isinstance(item, dict) and item.get("uuid") and item.get("parent_message_uuid")
    }


def _told_parent(
    key: str, followed: Mapping[str, str], messages: Mapping[str, ForeignMessage]
) -> str | None:
    """Return the nearest message before this one that says anything; None begins the chat."""
    seen: set[str] = set()
    while key in followed and key not in seen:
        seen.add(key)
        key = followed[key]
        if key in messages:
            return key
    return None


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
        said = "\n\n".join(filter(None, (_block(one) for one in blocks if isinstance(one, dict))))
    given = [*(item.get("attachments") or []), *(item.get("files") or [])]
    files = dict.fromkeys(_file(one) for one in given if isinstance(one, dict))
    return without_nul("\n\n".join(filter(None, [*files, said or str(item.get("text") or "")])))


def _block(block: Mapping[str, Any]) -> str:
    """Return the text of a part of a message, or the document that it writes beside the chat."""
    written = block.get("input")
    if block.get("type") == "tool_use" and isinstance(written, dict):
        content = text_or_none(written.get("content"))
        return (
            f"{text_or_none(written.get('title')) or 'Document'}:\n\n{content}" if content else ""
        )
    return text_or_none(block.get("text")) or ""


def _file(attachment: Mapping[str, Any]) -> str:
    name, text = attachment.get("file_name"), attachment.get("extracted_content")
    return f"{name}:\n\n{text}" if text else f"[file: {name}]" if name else ""
