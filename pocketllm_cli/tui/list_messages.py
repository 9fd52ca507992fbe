"""Messages of the list of chats: what it is to show, and what is wanted of one of its lines."""

from dataclasses import dataclass

from textual.message import Message

from pocketllm_cli.models import Chat


@dataclass
class ChatsLoaded(Message):
    """Chats came, newest first; `is_first_page` where they are the newest of all."""

    chats: list[Chat]
    is_first_page: bool
    has_more: bool
    is_archive: bool = False
    """Whether they are chats that were put away."""


@dataclass
class MoreChatsWanted(Message):
    """Someone moved to the last chat that is loaded."""


@dataclass
class ArchiveShown(Message):
    """Show the chats that were put away, or the others again."""


@dataclass
class ChatSearchWanted(Message):
    """Look for a text in titles and messages."""

    text: str


@dataclass
class ChatsFound(Message):
    """What a search found: chats, best first, each with the place in it."""

    text: str
    found: list[tuple[Chat, str]]


@dataclass
class OpenFound(Message):
    """Show a chat of which only the id is known."""

    chat_id: str


@dataclass
class RenameWanted(Message):
    """Give a chat this title, or ask for one."""

    chat: Chat
    title: str = ""


@dataclass
class DeleteWanted(Message):
    """Delete a chat."""

    chat: Chat


@dataclass
class ArchiveWanted(Message):
    """Put a chat away, or take one that is away out again."""

    chat: Chat


@dataclass
class ChatRenamed(Message):
    """The backend has stored a new title."""

    chat: Chat


@dataclass
class ChatDeleted(Message):
    """A chat was deleted; it can be brought back."""

    chat: Chat


@dataclass
class ChatArchived(Message):
    """A chat was put away, or taken out again, as `archived_at` says; it can be undone."""

    chat: Chat


@dataclass
class ChatRestored(Message):
    """What was done with a chat last was undone."""

    chat: Chat
