"""The records that cross the client's layers; field names are the column names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Self

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANALYSIS: Final = "file_analysis"
"""The type of the jobs that read a file of a chat and summarise it."""


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation."""

    id: str
    title: str
    model_config_id: str | None
    created_at: str
    updated_at: str
    archived_at: str | None = None
    """When it was put away; None where it stands in the list."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of `chats`."""
        return cls(**_fields_of(cls, row))


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat; `metadata` is what the backend noted about it."""

    id: str
    chat_id: str
    role: str
    content: str
    metadata: dict[str, Any] | None
    created_at: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of `messages`."""
        return cls(**_fields_of(cls, row))

    @property
    def status(self) -> str:
        """How the answer ended; `complete` for what people wrote."""
        return str((self.metadata or {}).get("status") or "complete")

    @property
    def reasoning(self) -> str:
        """What the model thought before it answered; "" where nothing is known of it."""
        reasoning = (self.metadata or {}).get("reasoning")
        return reasoning if isinstance(reasoning, str) else ""

    @property
    def sources(self) -> list[Any]:
        """What the answer is based on, as the backend stored it."""
        sources = (self.metadata or {}).get("sources")
        return sources if isinstance(sources, list) else []

    @property
    def job_id(self) -> str | None:
        """The job that makes the picture which is the answer; None for words."""
        noted = (self.metadata or {}).get("job_id")
        return noted if isinstance(noted, str) and _UUID.fullmatch(noted) else None

    @property
    def attachments(self) -> "list[AttachedFile]":
        """The files that went with it; what is noted and is none is passed over."""
        noted = (self.metadata or {}).get("attachments")
        found = [AttachedFile.from_row(row) for row in noted] if isinstance(noted, list) else []
        return [file for file in found if file is not None]


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file as it is noted on the question that it went with; anybody may have noted anything."""

    path: str
    """In the bucket; empty while it is not stored."""
    name: str
    media_type: str
    size: int

    @classmethod
    def from_row(cls, row: Any) -> Self | None:
        """Build it from an entry of `metadata.attachments`; None for what is none."""
        kinds = {"path": str, "name": str, "media_type": str, "size": int}
        if not isinstance(row, dict) or any(type(row.get(key)) is not kinds[key] for key in kinds):
            return None
        return cls(**{key: row[key] for key in kinds})


@dataclass(frozen=True, slots=True)
class DeletedChat:
    """A chat that was deleted and can still be restored."""

    id: str
    title: str
    message_count: int
    deleted_at: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of the function `deleted_chats`."""
        return cls(**_fields_of(cls, row))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in Storage, or a folder there, which has neither size nor type nor time."""

    path: str
    size: int | None
    content_type: str | None
    updated_at: str | None

    @classmethod
    def from_row(cls, folder: str, row: Mapping[str, Any]) -> Self:
        """Build it from an entry of a folder's list."""
        metadata = row.get("metadata") or {}
        path = f"{folder.rstrip('/')}/{row['name']}".lstrip("/")
        return cls(path, metadata.get("size"), metadata.get("mimetype"), row.get("updated_at"))


@dataclass(frozen=True, slots=True)
class Job:
    """Work that the backend does while nobody waits, and its result."""

    id: str
    job_type: str
    status: str
    """`pending` or `processing`, then for good `completed` or `failed`."""
    input_data: dict[str, Any] | None
    output_data: dict[str, Any] | None
    error_log: str | None
    """Why it failed, in a sentence."""
    created_at: str
    updated_at: str
    attempt: int = 0
    """How often work at it has begun."""
    started_at: str | None = None
    """When work at it began first."""
    next_attempt_at: str | None = None
    """While it waits to be tried again: not before when."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of `jobs`; what is no object counts as none."""
        told = _fields_of(cls, row)
        for name in ("input_data", "output_data"):
            told[name] = told[name] if isinstance(told[name], dict) else None
        return cls(**(told | {"attempt": int(told["attempt"] or 0)}))

    @property
    def is_over(self) -> bool:
        """Whether it stays as it is."""
        return self.status in {"completed", "failed"}

    @property
    def prompt(self) -> str:
        """What was asked for; "" where that is nothing in words."""
        return str((self.input_data or {}).get("prompt") or "")

    @property
    def document_path(self) -> str | None:
        """Where in the bucket the file lies that it analyses; None where it is of another type."""
        path = (self.input_data or {}).get("path")
        return path if self.job_type == ANALYSIS and isinstance(path, str) else None

    @property
    def subject(self) -> str:
        """What it is about, in words: the prompt, or the name of the file; "" without either."""
        return self.prompt or (self.document_path or "").rpartition("/")[2]

    @property
    def summary(self) -> str:
        """What an analysis came to; "" where there is none."""
        summary = (self.output_data or {}).get("summary")
        return summary if self.job_type == ANALYSIS and isinstance(summary, str) else ""

    @property
    def picture_path(self) -> str | None:
        """Where in the bucket the picture lies that it made; None without one."""
        path = (self.output_data or {}).get("path")
        is_made = self.status == "completed" and self.job_type != ANALYSIS
        return path if is_made and isinstance(path, str) else None


@dataclass(frozen=True, slots=True)
class Turn:
    """A message and its place in the tree of its chat."""

    message: Message
    parent_id: str | None
    version: int
    """Which version of its turn it is, from 1."""
    versions: int
    """How many there are."""
    is_shown: bool
    """Whether it is on the branch that is shown."""


@dataclass(frozen=True, slots=True)
class ChatWithTurns:
    """A chat and all its turns, oldest first, the versions that are not shown included."""

    chat: Chat
    turns: tuple[Turn, ...]

    @property
    def branch(self) -> list[Turn]:
        """The turns that are shown."""
        return [turn for turn in self.turns if turn.is_shown]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that the backend can ask."""

    name: str
    base_url: str | None
    """Where it is when a config names no other address; None where a config must."""
    key: str
    """`required`, `optional` or `none`."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of the backend's list."""
        return cls(**_fields_of(cls, row))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person tells about themselves."""

    full_name: str | None
    username: str | None
    bio: str | None
    date_of_birth: str | None
    profession: str | None
    avatar_url: str | None = None
    """Where the picture lies in the bucket, or elsewhere if another client said so."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of `profiles`."""
        return cls(**_fields_of(cls, row))


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """A model that a provider offers for a key."""

    id: str
    name: str | None
    context_tokens: int | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of the catalogue."""
        return cls(**_fields_of(cls, row))


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What answers took, of one model, day or chat; the cost is None where it is not known."""

    label: str
    chat_id: str | None
    answers: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    total_ms: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of the function `usage`; counts that were never told are 0."""
        counts = ("answers", "input_tokens", "output_tokens", "total_ms")
        told = _fields_of(cls, row)
        numbers = {name: int(told[name] or 0) for name in counts}
        cost = None if told["cost_usd"] is None else float(told["cost_usd"])
        return cls(**(told | numbers | {"label": str(told["label"]), "cost_usd": cost}))


@dataclass(frozen=True, slots=True)
class Found:
    """A message that a search found, or a chat by its title (no message, no role).

    In `snippet` a match stands between U+0002 and U+0003, which no snippet holds otherwise.
    """

    id: str
    chat_id: str
    message_id: str | None
    title: str
    role: str | None
    snippet: str
    created_at: str
    score: float

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of the function `search_messages`."""
        return cls(**_fields_of(cls, row))


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """How one model is asked; the key itself never leaves the backend."""

    id: str
    name: str
    provider: str
    base_url: str | None
    model: str
    system_prompt: str | None
    temperature: float | None
    max_tokens: int | None
    top_p: float | None
    frequency_penalty: float | None
    presence_penalty: float | None
    is_default: bool
    has_key: bool
    created_at: str
    updated_at: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of `model_configs`."""
        return cls(**_fields_of(cls, row))

    @property
    def answers(self) -> bool:
        """Whether a chat can be had with it: it is not one that only holds a key."""
        return self.provider not in {"imagerouter", "tavily"}


@dataclass(frozen=True, slots=True)
class ModelTest:
    """What one short question to a model config showed."""

    model: str
    first_token_seconds: float
    total_seconds: float
    answer: str
    retries: int | None = None
    """How often the provider had to be asked again, where the backend tells."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from the answer of the test."""
        return cls(**_fields_of(cls, row))


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in, and where."""

    id: str
    email: str | None
    context: str
    url: str


@dataclass(frozen=True, slots=True)
class User:
    """An account, as an operator sees it."""

    id: str
    email: str | None
    created_at: str
    last_sign_in_at: str | None
    confirmed_at: str | None
    banned_until: str | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from what the auth service tells."""
        confirmed = row.get("email_confirmed_at") or row.get("confirmed_at")
        return cls(**(_fields_of(cls, row) | {"confirmed_at": confirmed}))

    @property
    def state(self) -> str:
        """`disabled`, `unconfirmed` or `active`."""
        if self.banned_until and datetime.fromisoformat(self.banned_until) > datetime.now(UTC):
            return "disabled"
        return "active" if self.confirmed_at else "unconfirmed"


@dataclass(frozen=True, slots=True)
class Context:
    """A named backend. The embedded one has no address until it runs."""

    name: str
    url: str | None
    anon_key: str | None
    functions_url: str | None = None

    @property
    def is_embedded(self) -> bool:
        """True for the backend that runs on this machine."""
        return self.url is None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go: the project's address, its public key, its functions."""

    url: str
    publishable_key: str
    functions_url: str


@dataclass(frozen=True, slots=True)
class Session:
    """Tokens of one account. `expires_at` is in seconds by this machine's clock."""

    url: str
    """The backend they were made for; they are sent nowhere else."""
    email: str | None
    access_token: str
    expires_at: float
    refresh_token: str
    password: str | None = None
    """Only for the local account, whose password no person knows."""


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """The embedded backend as `pocketllm backend status` shows it."""

    state: str
    pid: int | None
    url: str | None
    model: str | None
    folder: str
    started_at: str | None


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """How a backend's database is set."""

    open_tables: tuple[str, ...]
    """Tables without row level security."""
    unheard_tables: tuple[str, ...]
    """Tables whose changes Realtime does not tell of."""
    bucket_is_private: bool | None
    """None where there is no bucket."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from the row of the function `self_check`."""
        tables = (tuple(row["open_tables"]), tuple(row["unheard_tables"]))
        return cls(*tables, row["bucket_is_private"])


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of `pocketllm doctor` found."""

    check: str
    state: str
    """`ok`, `failed`, or `skipped` where something else must be mended first."""
    detail: str
    fix: str | None = None
    """The command or setting that mends it."""


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """A mail that the embedded backend kept instead of sending it."""

    sent_at: str
    to: str
    kind: str
    subject: str
    code: str
    link: str | None
    text: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a file of the outbox."""
        return cls(**_fields_of(cls, row))


def _fields_of(record: type, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's values for the fields of a record; columns added later are left out."""
    return {field.name: row.get(field.name) for field in fields(record)}
