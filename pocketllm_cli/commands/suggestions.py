"""The names that can be completed: of chats, jobs, model configs and contexts.

The backend is asked if it answers at once; else what commands have seen has to do. Every command
brings this module in, so it brings in next to nothing itself.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.errors import PocketLLMError

if TYPE_CHECKING:
    from pocketllm_cli.models import Chat, Job, ModelConfig
    from pocketllm_cli.remembered import Kind, Name

_MOST: Final = 100
_PATIENCE_SECONDS: Final = 0.3
_FRESH_SECONDS: Final = 5.0
"""So long what is remembered needs no asking: one presses Tab more than once."""
ID_DIGITS: Final = 8


def suggest_chats(ctx: typer.Context) -> list[tuple[str, str]]:
    """Return the beginnings of chats' ids with their titles, the newest first."""
    return [("last", "The newest chat"), *_suggest(app_of(ctx), "chats")]


def suggest_jobs(ctx: typer.Context) -> list[tuple[str, str]]:
    """Return the beginnings of jobs' ids with what was asked for, the newest first."""
    return [("last", "The newest job"), *_suggest(app_of(ctx), "jobs")]


def suggest_models(ctx: typer.Context) -> list[tuple[str, str]]:
    """Return the names of model configs."""
    return _suggest(app_of(ctx), "models")


def suggest_contexts(ctx: typer.Context) -> list[tuple[str, str]]:
    """Return the names of contexts."""
    try:
        contexts = app_of(ctx).contexts.all()
    except PocketLLMError:  # a broken config file is told by the command itself
        return []
    return [(context.name, context.url or "on this machine") for context in contexts]


def chat_names(chats: "Sequence[Chat]") -> "list[Name]":
    """Return chats as they are completed."""
    from pocketllm_cli.sanitize import clean_line

    return [(chat.id[:ID_DIGITS], clean_line(chat.title)) for chat in chats]


def job_names(jobs: "Sequence[Job]") -> "list[Name]":
    """Return jobs as they are completed."""
    from pocketllm_cli.sanitize import clean_line

    return [(job.id[:ID_DIGITS], clean_line(job.subject[:80]) or job.job_type) for job in jobs]


def model_names(configs: "Sequence[ModelConfig]") -> "list[Name]":
    """Return model configs as they are completed."""
    from pocketllm_cli.sanitize import clean_line

    return [(config.name, clean_line(f"{config.provider} {config.model}")) for config in configs]


def _suggest(app: App, kind: "Kind") -> "list[Name]":
    try:
        remembered = app.remembered
        if remembered.age_seconds(kind) > _FRESH_SECONDS:
            names = _ask(app, kind)
            if names is not None:
                remembered.put(kind, names)
                return names
    except PocketLLMError:  # there is no such context
        return []
    return remembered.names(kind)


def _ask(app: App, kind: "Kind") -> "list[Name] | None":
    from pocketllm_cli.at_hand import ask_at_hand  # brings in the road to the backend

    if kind == "models":
        configs = ask_at_hand(app, lambda api: api.model_configs.all(), seconds=_PATIENCE_SECONDS)
        return None if configs is None else model_names(configs)
    if kind == "jobs":
        jobs = ask_at_hand(app, lambda api: api.jobs.newest(_MOST), seconds=_PATIENCE_SECONDS)
        return None if jobs is None else job_names(jobs)
    chats = ask_at_hand(app, lambda api: api.chats.newest(_MOST), seconds=_PATIENCE_SECONDS)
    return None if chats is None else chat_names(chats)
