"""The person's stored files as lines of a table: what each is, which fit a text, in which order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pocketllm_cli.api.chat_folders import chat_id_of
from pocketllm_cli.columns import local_time
from pocketllm_cli.file_kinds import is_picture, kind_told, size_told
from pocketllm_cli.folding import folded
from pocketllm_cli.models import AttachedFile, Chat, StoredFile

GONE_CHAT: Final = "(deleted chat)"


@dataclass(frozen=True, slots=True)
class FileLine:
    """A stored file and the chat that it belongs to; `chat` None where that is deleted."""

    file: StoredFile
    chat_id: str
    chat: Chat | None

    @property
    def name(self) -> str:
        """What it is called, as somebody named it."""
        return self.file.path.rpartition("/")[2]

    @property
    def title(self) -> str:
        """What its chat is called."""
        return self.chat.title if self.chat else GONE_CHAT

    @property
    def kind(self) -> str:
        """Its type, as people read it."""
        return kind_told(self.file.content_type)

    @property
    def is_picture(self) -> bool:
        """Whether it can be drawn."""
        return is_picture(self.file.content_type)

    @property
    def as_attached(self) -> AttachedFile:
        """The file as messages note it."""
        media_type = self.file.content_type or "application/octet-stream"
        return AttachedFile(self.file.path, self.name, media_type, self.file.size or 0)

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in its line: name, type, size, moment, chat."""
        size = size_told(self.file.size or 0)
        return self.name, self.kind, size, local_time(self.file.updated_at) or "", self.title


_KEYS: Final[Mapping[str, tuple[Callable[[FileLine], Any], bool]]] = {
    "newest first": (lambda line: line.file.updated_at or "", True),
    "by name": (lambda line: line.name.casefold(), False),
    "largest first": (lambda line: line.file.size or 0, True),
    "by type": (lambda line: (line.kind, line.name.casefold()), False),
    "by chat": (lambda line: (line.title.casefold(), line.name.casefold()), False),
}
ORDERS: Final = tuple(_KEYS)
"""In which orders files are listed; the first is the usual one."""


def lines_of(files: Iterable[StoredFile], chats: Iterable[Chat]) -> list[FileLine]:
    """Return the files that belong to chats, each with its chat where it is there."""
    known = {chat.id: chat for chat in chats}
    found = ((file, chat_id_of(file.path)) for file in files)
    return [FileLine(file, chat_id, known.get(chat_id)) for file, chat_id in found if chat_id]


def chosen_lines(
    lines: Sequence[FileLine], *, text: str, order: str, chat_id: str | None = None
) -> list[FileLine]:
    """Return those in which every word of a text occurs, ordered.

    Args:
        order: One of `ORDERS`.
        chat_id: Only those of this chat.
    """
    words = folded(text).split()
    fitting = [
        line
        for line in lines
        if chat_id in (None, line.chat_id)
        and all(word in folded(" ".join(line.cells)) for word in words)
    ]
    key, is_reversed = _KEYS[order]
    by_name = sorted(fitting, key=lambda line: (line.name.casefold(), line.file.path))
    return sorted(by_name, key=key, reverse=is_reversed)


def summary_of(lines: Sequence[FileLine], order: str, chat: Chat | None) -> str:
    """Return how many files are listed, how large they are, of what and in which order."""
    count = f"{len(lines)} file{'' if len(lines) == 1 else 's'}"
    size = size_told(sum(line.file.size or 0 for line in lines))
    where = f"of “{chat.title}”" if chat else "of all chats"
    return f"{count} {where} · {size} · {order}"
