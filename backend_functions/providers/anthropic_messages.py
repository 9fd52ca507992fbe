"""Anthropic's Messages API, which llama.cpp and others speak too.

Source: https://platform.claude.com/docs/en/api/messages and
https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx

from backend_functions.providers.base import (
    Attachment,
    CatalogEntry,
    ChatEvent,
    ChatRequest,
    ChatTurn,
    Finished,
    FinishReason,
    Image,
    ReasoningDelta,
    TextDelta,
)
from backend_functions.providers.catalog import fetch_catalog
from backend_functions.providers.exchange import stream_events
from backend_functions.providers.failures import parse_failure
from backend_functions.providers.reader import (
    AnswerReader,
    count_of,
    object_of,
    parse_object,
    text_of,
    total_of,
)
from backend_functions.providers.sse import SSEDecoder
from backend_functions.providers.turns import alternate, encode_base64, split_system

_VERSION = "2023-06-01"
_DEFAULT_MAX_TOKENS = 4096
"""The API demands a limit; this is the most that its oldest models take."""
_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_SAMPLED_CLAUDE = re.compile(
    r"claude-(?:instant|[123](?:[.-]|$)|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8}|-latest)?$)"
)


class AnthropicMessages:
    """The adapter for this dialect."""

    def __init__(
        self, http: httpx.AsyncClient, *, base_url: httpx.URL, api_key: str | None
    ) -> None:
        self._http = http
        path = f"{base_url.path.rstrip('/').removesuffix('/v1')}/v1"
        self._url = base_url.copy_with(path=f"{path}/messages")
        self._models_url = base_url.copy_with(path=f"{path}/models", query=b"limit=1000")
        self._headers = {"anthropic-version": _VERSION}
        if api_key is not None:
            self._headers["x-api-key"] = api_key

    def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Yield the answer as `ChatProvider.stream` promises."""
        return stream_events(
            self._http,
            self._url,
            self._headers,
            build_payload(request),
            media_type="text/event-stream",
            reader=MessageReader(),
        )

    async def list_models(self) -> tuple[CatalogEntry, ...]:
        """Return the models as `ChatProvider.list_models` promises."""
        return await fetch_catalog(self._http, self._models_url, self._headers)


class MessageReader(AnswerReader):
    """Reads one streamed message, which ends with `message_stop` and not before."""

    def __init__(self) -> None:
        super().__init__(SSEDecoder())
        self._reason: FinishReason = "other"
        self._usage: dict[str, Any] = {}

    def read(self, data: bytes, events: list[ChatEvent]) -> None:
        """Read one event of the message; kinds that are not known mean nothing to us."""
        event = parse_object(data)
        kind = event.get("type")
        if kind == "content_block_delta":
            _read_piece(object_of(event.get("delta")), events)
        elif kind == "content_block_start":
            _read_piece(object_of(event.get("content_block")), events)
        elif kind == "message_start":
            self._note_usage(object_of(event.get("message")).get("usage"))
        elif kind == "message_delta":
            self._note_usage(event.get("usage"))
            reason = object_of(event.get("delta")).get("stop_reason")
            if isinstance(reason, str):
                self._reason = _REASONS.get(reason, "other")
        elif kind == "message_stop":
            self.is_done = True
        elif kind == "error":
            raise parse_failure(event.get("error"))

    def finished(self) -> Finished:
        """Return the end. Anthropic counts what is cached apart from the other input."""
        counts = {name: count_of(value) for name, value in self._usage.items()}
        cached = counts.get("cache_read_input_tokens")
        return Finished(
            self._reason,
            total_of(counts.get("input_tokens"), counts.get("cache_creation_input_tokens"), cached),
            counts.get("output_tokens"),
            cached,
        )

    def _note_usage(self, usage: object) -> None:
        """Later counts take the place of earlier ones: they are running totals."""
        told = object_of(usage).items()
        self._usage.update({name: value for name, value in told if value is not None})


def _read_piece(piece: dict[str, Any], events: list[ChatEvent]) -> None:
    if text := text_of(piece.get("text")):
        events.append(TextDelta(text))
    if thought := text_of(piece.get("thinking")):
        events.append(ReasoningDelta(thought))


def build_payload(request: ChatRequest) -> dict[str, Any]:
    """Our request in Anthropic's words; it knows no penalties."""
    system, turns = split_system(request.turns)
    payload: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens or _DEFAULT_MAX_TOKENS,
        "messages": [_build_message(turn) for turn in alternate(turns)],
        "stream": True,
        **_build_sampling(request),
    }
    if system:
        payload["system"] = system
    return payload


def takes_sampling(model: str) -> bool:
    """Tell whether a model may be told how to sample.

    From Claude Opus 4.7 on Claude refuses to be, so the families that do not are those listed.

    Source: https://platform.claude.com/docs/en/about-claude/models/migration-guide
    """
    name = model.rpartition("/")[2]
    return not name.startswith("claude") or _SAMPLED_CLAUDE.match(name) is not None


def _build_sampling(request: ChatRequest) -> dict[str, float]:
    """Temperature goes up to 1 here; Claude takes it or `top_p`, not both."""
    if not takes_sampling(request.model):
        return {}
    sampling = {}
    if request.temperature is not None:
        sampling["temperature"] = min(request.temperature, 1.0)
    if request.top_p is not None and request.top_p != 1.0:
        is_claude = request.model.rpartition("/")[2].startswith("claude")
        if not (is_claude and sampling):
            sampling["top_p"] = request.top_p
    return sampling


def _build_message(turn: ChatTurn) -> dict[str, Any]:
    if not turn.attachments:
        return {"role": turn.role, "content": turn.text}
    blocks = [_build_block(attachment) for attachment in turn.attachments]
    if turn.text:
        blocks.append({"type": "text", "text": turn.text})
    return {"role": turn.role, "content": blocks}


def _build_block(attachment: Attachment) -> dict[str, Any]:
    source = {
        "type": "base64",
        "media_type": attachment.media_type,
        "data": encode_base64(attachment),
    }
    if isinstance(attachment, Image):
        return {"type": "image", "source": source}
    return {"type": "document", "source": source, "title": attachment.name}
