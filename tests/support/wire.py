"""What a stand-in for a provider must know of the dialect it speaks."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import httpx

from backend_functions.providers.base import ChatProvider, Finished, FinishReason
from backend_functions.providers.reader import AnswerReader

Ending = Literal["stop", "length", "filtered"]
REASONS: dict[Ending, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "filtered": "content_filter",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in."""

    target: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Wire(ABC):
    """One dialect, as its provider publishes it.

    Every whole answer counts 11 tokens in, 3 of them cached, and 5 out, 2 of them thoughts, as far
    as the dialect can say so.
    """

    name: str
    media_type: str = "text/event-stream"
    path: str = ""
    """Of the base URL."""
    catalog: ClassVar[Any]
    """The list of models: `model-a`, of 4096 tokens, and `model-b`."""
    keep_alive: bytes = b": still here\n\n"
    begin: bytes = b""
    """What comes before the first piece."""

    @abstractmethod
    def text(self, text: str) -> bytes:
        """One piece of the answer."""

    @abstractmethod
    def thought(self, text: str) -> bytes:
        """One piece of what the model thinks."""

    @abstractmethod
    def finish(self, ending: Ending) -> bytes:
        """All that follows the last piece."""

    @abstractmethod
    def finished(self, reason: FinishReason) -> Finished:
        """What `finish` means to us."""

    @abstractmethod
    def error(self, status: int) -> Any:
        """The JSON of a refusal or failure; it says `sk-canary`, as careless providers do."""

    @abstractmethod
    def error_event(self, status: int) -> bytes:
        """The same in the midst of an answer."""

    @abstractmethod
    def objection(self, asked: Asked) -> str | None:
        """What the provider would refuse about a request for an answer; None when nothing."""

    @abstractmethod
    def model(self, asked: Asked) -> str:
        """The model that is asked for."""

    @abstractmethod
    def open(self, http: httpx.AsyncClient, base_url: httpx.URL, key: str | None) -> ChatProvider:
        """Our adapter for the dialect."""

    @abstractmethod
    def reader(self) -> AnswerReader:
        """Our reader for the dialect."""

    def answer(self, *pieces: str, ending: Ending = "stop") -> bytes:
        """A whole answer."""
        return self.begin + b"".join(map(self.text, pieces)) + self.finish(ending)


def to_json(value: Any) -> str:
    """As providers write it: text as it is, not as escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def data(value: Any, event: str | None = None) -> bytes:
    """One server-sent event."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {to_json(value)}\n\n".encode()
