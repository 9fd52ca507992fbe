"""Turns made ready for a dialect; pure. What a dialect has no place for is put where it has one."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace

from backend_functions.providers.base import Attachment, ChatTurn, Document

OPENING = "(The conversation begins with your message.)"
"""Said in a user's place where a dialect demands that a user begins."""

_TEXT_TYPES = frozenset(
    {"application/json", "application/toml", "application/xml", "application/yaml"}
)


def inline_texts(turn: ChatTurn) -> ChatTurn:
    """Return the turn with its documents of text put before its text.

    Only users may send anything but text: what else is attached to other turns is left out.
    """
    if not turn.attachments:
        return turn
    texts = [_as_text(one) for one in turn.attachments if is_text(one)]
    others = tuple(one for one in turn.attachments if not is_text(one))
    return replace(
        turn,
        text="\n\n".join((*texts, turn.text)),
        attachments=others if turn.role == "user" else (),
    )


def is_text(attachment: Attachment) -> bool:
    """Tell whether an attachment is a document that can be read as text."""
    kind = attachment.media_type.partition(";")[0].strip().lower()
    return isinstance(attachment, Document) and (kind.startswith("text/") or kind in _TEXT_TYPES)


def _as_text(attachment: Attachment) -> str:
    return f"{attachment.name}:\n\n{attachment.data.decode('utf-8-sig', errors='replace')}"


def split_system(turns: Iterable[ChatTurn]) -> tuple[str, tuple[ChatTurn, ...]]:
    """Return what the system says, as one text, and the turns of the others."""
    turns = tuple(turns)
    system = "\n\n".join(turn.text for turn in turns if turn.role == "system" and turn.text)
    return system, tuple(turn for turn in turns if turn.role != "system")


def alternate(turns: Iterable[ChatTurn]) -> tuple[ChatTurn, ...]:
    """Return turns that a user begins and that take turns; empty ones are left out.

    Consecutive turns of one side become one.
    """
    merged: list[ChatTurn] = []
    for turn in map(inline_texts, turns):
        if not turn.text and not turn.attachments:
            continue
        if merged and merged[-1].role == turn.role:
            merged[-1] = _join(merged[-1], turn)
        else:
            merged.append(turn)
    if merged and merged[0].role != "user":
        merged.insert(0, ChatTurn("user", OPENING))
    return tuple(merged)


def _join(first: ChatTurn, second: ChatTurn) -> ChatTurn:
    text = "\n\n".join(filter(None, (first.text, second.text)))
    return ChatTurn(first.role, text, first.attachments + second.attachments)


def encode_base64(attachment: Attachment) -> str:
    """Return the attachment's bytes as base64."""
    return b64encode(attachment.data).decode()


def data_uri(attachment: Attachment) -> str:
    """Return the attachment as a `data:` URI."""
    return f"data:{attachment.media_type};base64,{encode_base64(attachment)}"
