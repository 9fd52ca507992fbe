"""Messages that cross widget boundaries: facts and requests, the app's whole inner protocol."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual.message import Message

from pocketllm_cli.api.answer_events import AnswerEvent
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import (
    Account,
    CatalogModel,
    Chat,
    ModelConfig,
    Profile,
    Provider,
    Session,
    Turn,
    UsageRow,
)
from pocketllm_cli.tui.live import Change
from pocketllm_cli.tui.prompts import Prompt

if TYPE_CHECKING:
    from pocketllm_cli.api.shown_branch import BranchPage


@dataclass
class Failed(Message):
    """Background work failed; the screen shows it once."""

    deed: str
    """What was tried, such as "rename the chat"."""
    error: PocketLLMError


@dataclass
class Narrated(Message):
    """The backend is being set up or a connection was lost: a line for the person."""

    text: str


@dataclass
class Moved(Message):
    """Something of this account changed at the backend, or the connection to it did."""

    change: Change


@dataclass
class ChatsLoaded(Message):
    """Chats came, newest first; `is_first_page` where they are the newest of all."""

    chats: list[Chat]
    is_first_page: bool
    has_more: bool


@dataclass
class ModelsLoaded(Message):
    """The model configs of this account."""

    configs: list[ModelConfig]


@dataclass
class PageLoaded(Message):
    """Turns of a chat came; `is_older` where they go before what is shown."""

    chat_id: str
    page: "BranchPage"
    is_older: bool


@dataclass
class OlderTurnsWanted(Message):
    """Someone scrolled to the first message that is loaded."""


@dataclass
class MoreChatsWanted(Message):
    """Someone moved to the last chat that is loaded."""


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
class OpenChat(Message):
    """Show this chat."""

    chat: Chat


@dataclass
class OpenFound(Message):
    """Show a chat of which only the id is known."""

    chat_id: str


@dataclass
class RenameWanted(Message):
    """Ask for another title."""

    chat: Chat


@dataclass
class DeleteWanted(Message):
    """Delete a chat."""

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
class ChatRestored(Message):
    """A chat that was deleted is back."""

    chat: Chat


@dataclass
class PromptWritten(Message):
    """Someone pressed Enter in the composer."""

    text: str


@dataclass
class CommandWritten(Message):
    """Someone wrote `/name` in the composer."""

    name: str
    rest: str


@dataclass
class EditorWanted(Message):
    """Go on writing in the editor that the environment names."""

    text: str


@dataclass
class AnswerMoved(Message):
    """An event of an answer that this app asked for or follows."""

    key: str
    """What the answer was asked for by: the prompt's message id, or its own id."""
    chat_id: str
    event: AnswerEvent


@dataclass
class AnswerLost(Message):
    """An answer could not be asked for, or read to its end."""

    prompt: Prompt
    error: PocketLLMError
    has_begun: bool


TurnDeed = Literal["regenerate", "edit", "fork", "before", "after", "links"]


@dataclass
class TurnWanted(Message):
    """Do something with a message: make it anew, fork there, show another version, …"""

    deed: TurnDeed
    turn: Turn


@dataclass
class CopyWanted(Message):
    """Put a text into the clipboard."""

    text: str
    what: str
    """What it is, for the notice: "the answer", "a code block"."""


@dataclass
class ReopenWanted(Message):
    """Begin anew: with another backend, or as somebody else. Nothing of before stays in sight."""

    context: str | None = None
    """The name of a context; None for the one that is used now."""


@dataclass
class PlaceWanted(Message):
    """Show another screen."""

    name: str
    """A name of `places.PLACES`."""
    deed: str | None = None
    """What to begin with there: an action of that screen, such as "add"."""


@dataclass
class ModelChosen(Message):
    """Let this model config answer in the chat that is open."""

    config: ModelConfig


@dataclass
class ConfigsChanged(Message):
    """A model config was added, changed or removed."""


@dataclass
class SignInWanted(Message):
    """Nobody is signed in any more, or somebody else is to be."""

    reason: PocketLLMError | None = None


@dataclass
class SignedIn(Message):
    """The account whose session had ended is signed in again."""


@dataclass
class ConfigsRead(Message):
    """The model configs with what may be told of their keys, and the providers there are."""

    configs: list[ModelConfig]
    key_ends: dict[str, str]
    """The last characters of keys, by the config's id."""
    providers: list[Provider]


@dataclass
class ConfigStored(Message):
    """The backend has stored a model config."""

    config: ModelConfig


@dataclass
class ConfigTested(Message):
    """How a test stands: one line."""

    text: str
    is_failure: bool = False


@dataclass
class CatalogRead(Message):
    """The models that a key can use."""

    models: list[CatalogModel]


@dataclass
class FormStored(Message):
    """What a form holds is stored."""


@dataclass
class ProfileRead(Message):
    """The profile of the person who is signed in."""

    profile: Profile


@dataclass
class UsageRead(Message):
    """What answers took, by day and model, and the lines of the table."""

    by_day: list[UsageRow]
    by_model: list[UsageRow]
    rows: list[UsageRow]


@dataclass
class AccountRead(Message):
    """Who is signed in."""

    account: Account


@dataclass
class SessionMade(Message):
    """A sign-in went through and is kept."""

    session: Session


@dataclass
class CodeSent(Message):
    """A mail with a code is on its way, or one that confirms a new account."""

    text: str
