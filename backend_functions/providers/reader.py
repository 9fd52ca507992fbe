"""What the readers of all dialects share: bytes in, events out, no I/O."""

import json
from abc import ABC, abstractmethod
from typing import Any, Protocol

import orjson

from backend_functions.errors import ProviderError, ProviderIncomplete
from backend_functions.providers.base import ChatEvent, Finished


class Decoder(Protocol):
    """Cuts a stream into the JSON texts it is made of."""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return what this piece completes, in order."""
        ...


class AnswerReader(ABC):
    """Turns the bytes of one streamed answer into events.

    A dialect says in `read` what one of its JSON texts means and in `finished` how it ended.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.is_done = False
        """The end marker was read: nothing that follows counts."""
        self.may_close = False
        """Enough was read that a closed connection is an end too."""
        self.failure: ProviderError | None = None
        """Set when the stream says it failed, or is no stream of this dialect. What came before
        it in the same piece is an answer all the same, so this is not raised."""

    def feed(self, piece: bytes) -> list[ChatEvent]:
        """Return the events of this piece, up to a failure or the end."""
        events: list[ChatEvent] = []
        try:
            for data in self._decoder.feed(piece):
                self.read(data, events)
                if self.is_done:
                    events.append(self.finished())
                    break
        except ProviderError as error:
            self.failure = error
        return events

    def end(self) -> list[ChatEvent]:
        """Return the end of a stream that closed.

        Raises:
            ProviderIncomplete: It closed before its end.
        """
        if not self.may_close:
            raise ProviderIncomplete(detail="the stream closed without an end marker")
        return [self.finished()]

    @abstractmethod
    def read(self, data: bytes, events: list[ChatEvent]) -> None:
        """Append what one JSON text of the stream means.

        Raises:
            ProviderError: It says the provider failed, or it cannot be understood.
        """

    @abstractmethod
    def finished(self) -> Finished:
        """Return the end, with what was told of it."""


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse one JSON object; what is no Unicode in it becomes U+FFFD rather than an error.

    Raises:
        ProviderError: It is not JSON, or no object.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = _parse_leniently(data)
    if not isinstance(value, dict):
        raise ProviderError(detail="an event of the stream is not an object")
    return value


def _parse_leniently(data: bytes) -> Any:
    """Bytes that are no UTF-8 and halves of surrogate pairs must not lose the whole answer."""
    try:
        text = json.dumps(json.loads(data.decode(errors="replace")), ensure_ascii=False)
        clean = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return orjson.loads(clean)
    except (ValueError, RecursionError) as error:
        raise ProviderError(detail="an event of the stream is not JSON") from error


def text_of(value: object) -> str:
    """Return a text that is one, else an empty one; U+0000, which cannot be stored, is U+FFFD."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "\ufffd") if "\0" in value else value


def object_of(value: object) -> dict[str, Any]:
    """Return an object that is one, else an empty one."""
    return value if isinstance(value, dict) else {}


def count_of(value: object) -> int | None:
    """Return a count of tokens that can be one."""
    return value if type(value) is int and 0 <= value < 2**31 else None


def total_of(*counts: int | None) -> int | None:
    """Add up those counts that were told; None when none was."""
    told = [count for count in counts if count is not None]
    return sum(told) if told else None
