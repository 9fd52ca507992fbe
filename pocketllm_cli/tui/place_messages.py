"""Messages of the screens beside the chat: what was read for them, and what was stored there."""

from dataclasses import dataclass

from textual.message import Message

from pocketllm_cli.models import (
    Account,
    CatalogModel,
    Chat,
    Job,
    ModelConfig,
    Profile,
    Provider,
    Session,
    StoredFile,
    UsageRow,
)


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
class FilesRead(Message):
    """The files of chats, and the chats that are there of those they belong to."""

    files: list[StoredFile]
    chats: list[Chat]


@dataclass
class TextRead(Message):
    """The text of a file, harmless; or why it cannot be shown."""

    text: str


@dataclass
class JobsRead(Message):
    """A page of jobs that make pictures, the newest first."""

    jobs: list[Job]
    is_first_page: bool
    has_more: bool


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
