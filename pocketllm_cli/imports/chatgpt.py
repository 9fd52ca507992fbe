"""ChatGPT's export: `conversations.json`, each chat a tree of nodes.

Source: the archive that ChatGPT mails; its format is not published.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pocketllm_cli.imports.records import (
    ForeignChat,
    ForeignMessage,
    moment,
    text_or_none,
    without_nul,
)

SOURCE: Final = "chatgpt"
_ROLES: Final = {"user": "user", "assistant": "assistant"}


def looks_like(chats: list[Any]) -> bool:
    """Say whether this is such a file."""
    return any(isinstance(chat, dict) and "mapping" in chat for chat in chats[:10])


def read_chats(chats: list[Any]) -> Iterator[ForeignChat]:
    """Yield the chats that hold anything; nodes without words (tools, hidden ones) are skipped."""
    for chat in chats:
        if isinstance(chat, dict) and isinstance(chat.get("mapping"), dict):
            foreign = _chat(chat)
            if foreign.messages:
                yield foreign


def _chat(chat: Mapping[str, Any]) -> ForeignChat:
    nodes: dict[str, Any] = chat["mapping"]
    told: dict[str, ForeignMessage] = {}
    for key in _parents_first(nodes):
        message = _message(key, nodes[key], _told_parent(nodes, key, told))
        if message is not None:
            told[key] = message
    tip = chat.get("current_node")
    return ForeignChat(
        source=SOURCE,
        key=str(chat.get("conversation_id") or chat.get("id") or next(iter(nodes), "")),
        title=text_or_none(chat.get("title")) or "",
        created_at=moment(chat.get("create_time")),
        updated_at=moment(chat.get("update_time")),
        messages=tuple(told.values()),
        tip_key=tip if tip in told else _told_parent(nodes, tip, told),
    )


def _parents_first(nodes: Mapping[str, Any]) -> list[str]:
    """Return the keys of all nodes that hang together, each after the one it follows."""
    children: dict[str | None, list[str]] = {}
    for key, node in nodes.items():
        parent = node.get("parent") if isinstance(node, dict) else None
        children.setdefault(parent if parent in nodes else None, []).append(key)
    ordered: list[str] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        key = waiting.pop()
        ordered.append(key)
        waiting.extend(reversed(children.get(key, [])))
    return ordered


def _told_parent(
    nodes: Mapping[str, Any], key: object, told: Mapping[str, ForeignMessage]
) -> str | None:
    seen: set[str] = set()
    while isinstance(key, str) and key in nodes and key not in seen:
        seen.add(key)
        node = nodes[key]
        key = node.get("parent") if isinstance(node, dict) else None
        if isinstance(key, str) and key in told:
            return key
    return None


def _message(key: str, node: Any, parent: str | None) -> ForeignMessage | None:
    message = node.get("message") if isinstance(node, dict) else None
    if not isinstance(message, dict):
        return None
    role = _ROLES.get(str((message.get("author") or {}).get("role")))
    text = _told_to(message.get("recipient"), message.get("content"))
    about = message.get("metadata") or {}
    if role is None or not text.strip() or about.get("is_visually_hidden_from_conversation"):
        return None
    model = about.get("model_slug")
    metadata = {"model": str(model)} if model and role == "assistant" else {}
    return ForeignMessage(key, parent, role, text, moment(message.get("create_time")), metadata)


def _told_to(recipient: Any, content: Any) -> str:
    """Return what a message says; what it says to a tool is a document, or code."""
    text = _text(content)
    if recipient in (None, "all") or not text:
        return text
    if str(recipient).startswith("canmore") and (document := _document(text)):
        return document
    language = content.get("language") if isinstance(content, dict) else None
    told = language if isinstance(language, str) and language.isalnum() else ""
    return f"```{told.replace('unknown', '')}\n{text}\n```"


def _document(text: str) -> str:
    """Return a document that was written beside the chat; "" where only a part was changed."""
    try:
        call = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(call, dict) or not isinstance(call.get("content"), str):
        return ""
    return without_nul(f"{call.get('name') or 'Document'}:\n\n{call['content']}")


def _text(content: Any) -> str:
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("parts"), list):
        return without_nul("\n\n".join(filter(None, map(_part, content["parts"]))))
    return without_nul(str(content.get("text") or ""))


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict):
        kind = str(part.get("content_type") or "")
        return "[picture]" if "image" in kind else str(part.get("text") or "")
    return ""
