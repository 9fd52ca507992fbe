"""Messages that cross widget boundaries, facts and requests: those of the app and of a chat."""

from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from pocketllm_cli.api.answer_events import AnswerEvent
from pocketllm_cli.api.shown_branch import BranchPage
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Chat, ModelConfig, Turn
from pocketllm_cli.tui.live import Change
from pocketllm_cli.tui.prompts import Prompt


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
class ModelsLoaded(Message):
    """The model configs of this account."""

    configs: list[ModelConfig]


@dataclass
class PageLoaded(Message):
    """Turns of a chat came; `is_older` where they go before what is shown."""

    chat_id: str
    page: BranchPage
    is_older: bool


@dataclass
class OlderTurnsWanted(Message):
    """Someone scrolled to the first message that is loaded."""


@dataclass
class OpenChat(Message):
    """Show this chat."""

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


@dataclass
class LongAnswerEnded(Message):
    """An answer is there that took long enough for a person to look elsewhere."""

    title: str
    """Of its chat."""


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
