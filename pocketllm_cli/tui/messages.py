"""Messages that cross widget boundaries, facts and requests: those of the app and of a chat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual.message import Message
from textual.message_pump import MessagePump

from pocketllm_cli.api.answer_events import AnswerEvent
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import AttachedFile, Chat, Job, ModelConfig, Turn
from pocketllm_cli.tui.canvas import Canvas
from pocketllm_cli.tui.live import Change
from pocketllm_cli.tui.picked_files import PickedFile
from pocketllm_cli.tui.prompts import Prompt

if TYPE_CHECKING:
    from PIL.Image import Image

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
class OpenChat(Message):
    """Show this chat."""

    chat: Chat


@dataclass
class PromptWritten(Message):
    """Someone pressed Enter in the composer."""

    text: str
    files: tuple[PickedFile, ...] = ()
    """What goes along."""


@dataclass
class PathsPasted(Message):
    """Files of this machine were picked, or dropped on the terminal."""

    paths: list[Path]
    text: str
    """What was pasted; empty where they were picked."""


@dataclass
class DetachWanted(Message):
    """Take a file away from the prompt that is being written."""


@dataclass
class UploadMoved(Message):
    """A file of a prompt goes over."""

    chat_id: str
    text: str
    """How far it is."""


@dataclass
class FilesUploaded(Message):
    """All files of a prompt are stored; it is asked next."""

    prompt: Prompt


@dataclass
class PictureWanted(Message):
    """Show a picture that is stored."""

    view: MessagePump
    """Who is told what came of it."""
    file: AttachedFile
    longest_side: int | None = None
    """Pixels that are enough; None for as many as are kept."""


@dataclass
class PictureLoaded(Message, bubble=False):
    """A picture came, and how it is drawn here."""

    picture: "Image"
    canvas: Canvas


@dataclass
class PictureMissing(Message, bubble=False):
    """A picture cannot be shown, and why."""

    reason: str


@dataclass
class JobWanted(Message):
    """Tell a view of a job, now and whenever it changes, until it is over."""

    view: MessagePump
    job_id: str


@dataclass
class JobMoved(Message, bubble=False):
    """How a job is now."""

    job: Job
    now: Callable[[], datetime]
    """Tells the moment it is."""


@dataclass
class JobLost(Message, bubble=False):
    """A job is not there any more."""

    job_id: str


@dataclass
class PassedOn(Message, bubble=False):
    """The chat heard of a change; told to the screens above it."""

    change: Change


@dataclass
class PictureAsked(Message):
    """A picture is being made for a chat, whose messages tell of it."""

    chat_id: str


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


TurnDeed = Literal["regenerate", "edit", "fork", "before", "after", "links", "files"]


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
class FileChosen(Message):
    """Let this file go with the prompt that is being written."""

    file: PickedFile


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
