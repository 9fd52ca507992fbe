"""The events of an answer as it arrives, and how they are read from the wire.

Their order: Started, then Delta, Reasoning and Sources in any number, then one Done or Failed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pocketllm_cli.errors import BackendUnreachable
from pocketllm_cli.models import Message

if TYPE_CHECKING:
    from pocketllm_cli.api.event_stream import ServerEvent


@dataclass(frozen=True, slots=True)
class Started:
    """The question is stored and the model is asked."""

    user_message_id: str
    assistant_message_id: str
    model: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The next piece of what the model thinks before it answers."""

    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What the answer is based on."""

    sources: list[Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The answer as it was stored."""

    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer, or no whole one."""

    code: str
    message: str
    assistant_message_id: str | None


AnswerEvent = Started | Delta | Reasoning | Sources | Done | Failed
EVENT_NAMES: Final[dict[type[AnswerEvent], str]] = {
    Started: "started",
    Delta: "delta",
    Reasoning: "reasoning",
    Sources: "sources",
    Done: "done",
    Failed: "failed",
}


def parse_event(raw: "ServerEvent") -> AnswerEvent | None:
    """Build the event, or None for one that this client does not know.

    Raises:
        BackendUnreachable: Its data is not what the name promises.
    """
    try:
        data = json.loads(raw.data)
        return _PARSERS[raw.name](data) if raw.name in _PARSERS else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackendUnreachable("The backend sent an event that cannot be read.") from error


def _started(data: Mapping[str, Any]) -> Started:
    return Started(
        str(data["user_message_id"]), str(data["assistant_message_id"]), str(data.get("model"))
    )


def _failed(data: Mapping[str, Any]) -> Failed:
    return Failed(
        str(data["code"]), str(data.get("message") or ""), data.get("assistant_message_id")
    )


_PARSERS: Final[dict[str, Any]] = {
    "started": _started,
    "delta": lambda data: Delta(str(data["text"])),
    "reasoning": lambda data: Reasoning(str(data["text"])),
    "sources": lambda data: Sources(list(data)),
    "done": lambda data: Done(Message.from_row(data["message"])),
    "failed": _failed,
}
