"""Configuration of the server: read once from the environment, frozen, passed by argument."""

import os
import sys
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

Mode = Literal["hosted", "embedded"]
Titles = Literal["prompt", "model"]
"""Who makes the title of a chat that nobody gave one."""

_MAX_LIMIT = 1e12
_MIN_TOKEN_LENGTH = 16


class InvalidSettings(Exception):
    """A setting is missing or cannot be right; the message names it and never shows a secret."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key that seals provider keys: its public id and 32 secret bytes."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LocalModel:
    """The llama.cpp server of the embedded backend."""

    name: str
    base_url: str
    api_key: str = field(repr=False)
    context_tokens: int = 4096


@dataclass(frozen=True, slots=True)
class SearchKey:
    """The server's own key for web search, for users who have none."""

    base_url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImageKey:
    """The server's own key for pictures, for users who have none; it goes to this address only."""

    base_url: str = "https://api.imagerouter.io/v1/openai"
    key: str | None = field(default=None, repr=False)
    """None where the project's Vault may hold one."""
    model: str | None = None
    """What is asked when nobody names a model."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep one request from hurting another."""

    max_body_bytes: int = 4 * 1024 * 1024
    """Of a request to a function; a prompt is smaller."""
    max_prompt_characters: int = 1_000_000
    max_attachment_bytes: int = 20 * 1024 * 1024
    """Of all files that one question sends to a model, those of earlier prompts included."""
    max_answer_characters: int = 2_000_000
    """An answer that grows longer is cut and marked `truncated`."""
    max_history_messages: int = 200
    """Newest messages of a chat that are sent along."""
    max_running_answers: int = 16
    """Answers one user may have running at once, on all servers together."""
    max_open_streams: int = 2000
    """Of all users in one process: answers being written, and connections that read one. Fewer,
    where the process may not open files for so many."""
    max_user_streams: int = 64
    """The same of one user; never less than twice `max_running_answers`."""
    requests_per_minute: int = 600
    """Requests to the functions that one user may make, on each server."""
    connect_seconds: float = 10.0
    first_token_seconds: float = 120.0
    """Until the provider's first event that carries anything."""
    response_seconds: float = 120.0
    """Until a provider's response begins: its head, and then its first bytes. A question that
    waits in the local model's queue has not begun."""
    idle_seconds: float = 60.0
    """Between two pieces of a response."""
    answer_seconds: float = 900.0
    """For one answer from start to end."""
    picture_seconds: float = 300.0
    """For one picture, from asking a provider to its last byte."""
    worker_slots: int = 4
    """Jobs that one worker does at once."""
    worker_beat_seconds: float = 10.0
    """How often a worker shows that it lives, and looks after what others left."""
    worker_silence_seconds: float = 30.0
    """A worker that was not heard of for so long is dead: its jobs are taken over."""
    worker_poll_seconds: float = 5.0
    """How often a worker looks for jobs nobody told it of: those that are to be tried again."""
    worker_grace_seconds: float = 20.0
    """How long a worker that is told to stop goes on with the jobs it has begun."""
    retry_seconds: float = 5.0
    """Until a failed job is tried a second time; doubled for each time after that."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """How the embedded backend's auth service treats accounts and their mail."""

    site_url: str
    """Where links in mails lead when nothing better is allowed."""
    redirect_urls: tuple[str, ...] = ()
    """Other addresses that links may lead to; `*` stands for anything within one part of a path."""
    confirms_at_once: bool = True
    """A new account's address counts as confirmed; otherwise a mail has to be answered."""
    takes_sign_ups: bool = True
    takes_email: bool = True
    """Whether people sign in with an address at all."""
    min_password_characters: int = 8
    needs_fresh_sign_in: bool = False
    """A new password asks for a code by mail when the session is older than a day."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the server is told from outside."""

    mode: Mode
    supabase_url: str
    database_url: str = field(repr=False)
    publishable_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    master_keys: tuple[MasterKey, ...] = field(repr=False)
    """The first seals; all of them open."""
    jwt_secret: str | None = field(default=None, repr=False)
    """The HS256 secret of a legacy project."""
    jwt_issuer: str = ""
    jwks_url: str = ""
    local_model: LocalModel | None = None
    search_key: SearchKey | None = None
    image_key: ImageKey = ImageKey()
    titles: Titles = "prompt"
    limits: Limits = Limits()
    metrics_token: str | None = field(default=None, repr=False)
    """What `/metrics` asks for."""
    debug: bool = False
    """Log at debug level."""
    is_private_project: bool = False
    """The project is on a private network: it may be http, and at a private address."""

    @property
    def private_address(self) -> str | None:
        """The project's address where it is on a private network."""
        return self.supabase_url if self.is_private_project else None

    @property
    def issuer(self) -> str:
        """The only `iss` that is accepted; never taken from a token."""
        return self.jwt_issuer or f"{self.supabase_url}/auth/v1"


def parse_master_keys(text: str) -> tuple[MasterKey, ...]:
    """Read `id:base64,id:base64,…`, each 32 bytes.

    Raises:
        InvalidSettings: The text is empty, or a key is malformed, short or named twice.
    """
    keys = []
    for number, part in enumerate(filter(None, text.split(",")), start=1):
        name, _, encoded = part.strip().partition(":")
        try:
            secret = b64decode(encoded, validate=True)
        except ValueError:
            secret = b""
        if not name.isalnum() or len(secret) != 32 or len(set(secret)) < 8:
            raise InvalidSettings(
                f"POCKETLLM_MASTER_KEYS: key number {number} is not `id:` and 32 random bytes in"
                " base64. Make one with `openssl rand -base64 32`."
            )
        keys.append(MasterKey(name, secret))
    if not keys or len({key.id for key in keys}) != len(keys):
        raise InvalidSettings("POCKETLLM_MASTER_KEYS must name at least one key, each id once.")
    return tuple(keys)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of a hosted replica.

    Raises:
        InvalidSettings: Something is missing; the message says what.
    """
    values = os.environ if environment is None else environment

    def required(name: str) -> str:
        if not values.get(name):
            raise InvalidSettings(f"{name} is not set.")
        return values[name]

    def either(name: str, newer: str) -> str:
        return values.get(newer) or required(name)

    url = required("SUPABASE_URL").rstrip("/")
    return Settings(
        mode="hosted",
        supabase_url=url,
        database_url=required("SUPABASE_DB_URL"),
        publishable_key=either("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY"),
        secret_key=either("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY"),
        master_keys=parse_master_keys(required("POCKETLLM_MASTER_KEYS")),
        jwt_secret=values.get("SUPABASE_JWT_SECRET") or None,
        jwt_issuer=values.get("SUPABASE_JWT_ISSUER") or "",
        search_key=read_search_key(values),
        image_key=read_image_key(values),
        titles=read_titles(values),
        jwks_url=values.get("SUPABASE_JWKS_URL") or f"{url}/auth/v1/.well-known/jwks.json",
        limits=read_limits(values),
        metrics_token=_metrics_token(values),
        debug=bool(values.get("POCKETLLM_DEBUG")),
        is_private_project=_switch(values, "POCKETLLM_PRIVATE_PROJECT", default=False),
    )


def read_key_settings(
    environment: Mapping[str, str] | None = None,
) -> tuple[str, tuple[MasterKey, ...]]:
    """Return the database and the master keys of a hosted project, for those who tend its keys.

    Raises:
        InvalidSettings: One of them is missing, or a key is malformed.
    """
    values = os.environ if environment is None else environment
    return read_database_url(values), parse_master_keys(values.get("POCKETLLM_MASTER_KEYS", ""))


def read_database_url(environment: Mapping[str, str] | None = None) -> str:
    """Return the address of a hosted project's database.

    Raises:
        InvalidSettings: It is missing.
    """
    values = os.environ if environment is None else environment
    if not (url := values.get("SUPABASE_DB_URL")):
        raise InvalidSettings("SUPABASE_DB_URL is not set.")
    return url


def read_limits(environment: Mapping[str, str] | None = None) -> Limits:
    """Read every bound from `POCKETLLM_<its name>`; what is not set keeps its default.

    Raises:
        InvalidSettings: One is no number, or not greater than 0, or two contradict each other.
    """
    values = os.environ if environment is None else environment
    given: dict[str, Any] = {}
    for bound in fields(Limits):
        name = f"POCKETLLM_{bound.name.upper()}"
        if text := values.get(name):
            given[bound.name] = _positive(name, text, whole=isinstance(bound.default, int))
    limits = Limits(**given)
    if limits.worker_silence_seconds < 2 * limits.worker_beat_seconds:
        raise InvalidSettings(
            "POCKETLLM_WORKER_SILENCE_SECONDS must be at least twice POCKETLLM_WORKER_BEAT_SECONDS:"
            " a worker that lives would be taken for dead."
        )
    return limits


def _positive(name: str, text: str, *, whole: bool) -> float:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = 0
    if not 0 < number <= _MAX_LIMIT:
        raise InvalidSettings(f"{name} must be a {'whole ' if whole else ''}number above 0.")
    return number


def _metrics_token(values: Mapping[str, str]) -> str | None:
    token = values.get("POCKETLLM_METRICS_TOKEN") or None
    if token is not None and (len(token) < _MIN_TOKEN_LENGTH or not token.isascii()):
        raise InvalidSettings(
            "POCKETLLM_METRICS_TOKEN must have at least 16 ASCII characters."
            " Make one with `openssl rand -hex 16`."
        )
    return token


def read_search_key(environment: Mapping[str, str] | None = None) -> SearchKey | None:
    """Return the server's key for web search, from `TAVILY_API_KEY` and `TAVILY_BASE_URL`."""
    values = os.environ if environment is None else environment
    if not values.get("TAVILY_API_KEY"):
        return None
    base_url = values.get("TAVILY_BASE_URL") or "https://api.tavily.com"
    return SearchKey(base_url.rstrip("/"), values["TAVILY_API_KEY"])


def read_image_key(environment: Mapping[str, str] | None = None) -> ImageKey:
    """Return the server's key for pictures, from `IMAGEROUTER_API_KEY`, `_BASE_URL`, `_MODEL`."""
    values = os.environ if environment is None else environment
    base_url = values.get("IMAGEROUTER_BASE_URL") or ImageKey().base_url
    return ImageKey(
        base_url.rstrip("/"),
        values.get("IMAGEROUTER_API_KEY") or None,
        values.get("IMAGEROUTER_MODEL") or None,
    )


def read_auth_settings(site_url: str, environment: Mapping[str, str] | None = None) -> AuthSettings:
    """Return how accounts are treated, from `POCKETLLM_AUTH_*`; what is not set keeps its default.

    Args:
        site_url: Used unless `POCKETLLM_AUTH_SITE_URL` is set.

    Raises:
        InvalidSettings: A switch is neither `on` nor `off`, or a number is none.
    """
    values = os.environ if environment is None else environment
    addresses = values.get("POCKETLLM_AUTH_REDIRECT_URLS", "").split(",")
    characters = values.get("POCKETLLM_AUTH_MIN_PASSWORD") or "8"
    return AuthSettings(
        site_url=values.get("POCKETLLM_AUTH_SITE_URL") or site_url,
        redirect_urls=tuple(address.strip() for address in addresses if address.strip()),
        confirms_at_once=_switch(values, "POCKETLLM_AUTH_AUTOCONFIRM", default=True),
        takes_sign_ups=_switch(values, "POCKETLLM_AUTH_SIGNUPS", default=True),
        min_password_characters=int(
            _positive("POCKETLLM_AUTH_MIN_PASSWORD", characters, whole=True)
        ),
        needs_fresh_sign_in=_switch(values, "POCKETLLM_AUTH_REAUTHENTICATE", default=False),
    )


def _switch(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name) or ("on" if default else "off")
    if text not in ("on", "off"):
        raise InvalidSettings(f"{name} must be `on` or `off`.")
    return text == "on"


def read_titles(environment: Mapping[str, str] | None = None) -> Titles:
    """Return who makes titles, from `POCKETLLM_TITLES`.

    Raises:
        InvalidSettings: It is neither `prompt` nor `model`.
    """
    values = os.environ if environment is None else environment
    match values.get("POCKETLLM_TITLES") or "prompt":
        case "prompt":
            return "prompt"
        case "model":
            return "model"
        case _:
            raise InvalidSettings("POCKETLLM_TITLES must be `prompt` or `model`.")


def weights_folders() -> tuple[Path, ...]:
    """Return where the local model's weights may lie: in this environment, else in the cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(sys.prefix) / "share" / "pocketllm", Path(cache) / "pocketllm"


def read_own_settings() -> tuple[str | None, bool]:
    """Return what the embedded backend takes from its environment.

    A GGUF file to use instead of the packaged weights (`POCKETLLM_MODEL_FILE`), and whether to log
    at debug level (`POCKETLLM_DEBUG`).
    """
    return os.environ.get("POCKETLLM_MODEL_FILE") or None, bool(os.environ.get("POCKETLLM_DEBUG"))
