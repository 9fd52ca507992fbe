"""What every provider adapter takes and gives, whatever its wire dialect."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol

FinishReason = Literal["stop", "length", "content_filter", "tool_calls", "other"]


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """One message sent to a model."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Everything a provider needs to answer once; a setting of None is left to the provider."""

    model: str
    turns: tuple[ChatTurn, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer, in order; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of what the model thinks before and while it answers; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every whole answer, exactly once. Counts are None where not told."""

    reason: FinishReason
    input_tokens: int | None = None
    output_tokens: int | None = None


ChatEvent = TextDelta | ReasoningDelta | Finished


class ChatProvider(Protocol):
    """Turns one request into events."""

    def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Yield the events of each piece the network delivers, in order, then end.

        The very last event is the one `Finished`. Closing the iterator closes the connection.

        Raises:
            ProviderError: The provider refused, failed, or broke off before its end marker.
        """
        ...
