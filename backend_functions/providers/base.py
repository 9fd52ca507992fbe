"""What every provider adapter takes and gives, whatever its wire dialect."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

FinishReason = Literal["stop", "length", "content_filter", "tool_calls", "other"]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a turn."""

    media_type: str
    """Such as `image/png`."""
    data: bytes = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file that goes with a turn; one of text is sent as text to every provider."""

    media_type: str
    """Such as `application/pdf` or `text/csv`."""
    data: bytes = field(repr=False)
    name: str
    path: str = field(default="", compare=False)
    """Where it is stored; empty where it is not."""
    original: "Document | None" = field(default=None, repr=False, compare=False)
    """What it was made from, such as the PDF whose text it is."""


Attachment = Image | Document


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """One message sent to a model."""

    role: Literal["system", "user", "assistant"]
    text: str
    attachments: tuple[Attachment, ...] = ()


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
    """All of the input, what came from a cache included."""
    output_tokens: int | None = None
    """All of the output, reasoning included."""
    cached_input_tokens: int | None = None
    """The part of the input that was read from the provider's cache."""
    reasoning_tokens: int | None = None
    """The part of the output that is reasoning."""


ChatEvent = TextDelta | ReasoningDelta | Finished


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model that a key can use."""

    id: str
    """What a model config names it by."""
    name: str | None = None
    context_tokens: int | None = None


class ChatProvider(Protocol):
    """Turns one request into events."""

    def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Yield the events of each piece the network delivers, in order, then end.

        The very last event is the one `Finished`. Closing the iterator closes the connection.

        Raises:
            ProviderError: The provider refused, failed, or broke off before its end marker; at
                the call itself when the request cannot be put in the provider's words.
        """
        ...

    async def list_models(self) -> tuple[CatalogEntry, ...]:
        """Return the models the key can use, by id.

        Raises:
            ProviderError: The provider refused or failed.
        """
        ...
