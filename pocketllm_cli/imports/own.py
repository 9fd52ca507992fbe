"""Our own JSON, as `pocketllm chats export --format json` writes it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pocketllm_cli.errors import LocalFileProblem
from pocketllm_cli.exports.whole_chat import CHAT_FIELDS, FORMAT, MESSAGE_FIELDS, VERSION

SOURCE: Final = "pocketllm"
_LATER_FIELDS: Final = ("archived_at",)
"""What the first files of this version do not have."""


def looks_like(document: Any) -> bool:
    """Say whether this is such a file."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def read_records(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each chat as it is brought in, under its own ids.

    Raises:
        LocalFileProblem: A later version wrote the file, or it is damaged.
    """
    if document.get("version") != VERSION:
        raise LocalFileProblem(
            "A newer pocketllm wrote this file.", hint="Bring pocketllm up to date."
        )
    chats = document.get("chats")
    if not isinstance(chats, list):
        raise LocalFileProblem("The file is damaged: it has no list of chats.")
    for chat in chats:
        yield _record(chat)


def _record(chat: Any) -> dict[str, Any]:
    try:
        messages = [{name: row[name] for name in MESSAGE_FIELDS} for row in chat["messages"]]
        fields = {name: chat[name] for name in CHAT_FIELDS if name not in _LATER_FIELDS}
        later = {name: chat.get(name) for name in _LATER_FIELDS}
        return {**fields, **later, "messages": messages}
    except (KeyError, TypeError) as error:
        raise LocalFileProblem("The file is damaged: a chat lacks a field.") from error
