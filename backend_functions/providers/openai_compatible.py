"""OpenAI's chat completions, the dialect that most providers speak.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

import re
from collections.abc import AsyncIterator
from typing import Any, Literal

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
)
from backend_functions.providers.sse import SSEDecoder
from backend_functions.providers.turns import data_uri, inline_texts

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_REASONING_MODEL = re.compile(r"(?!gpt-5-chat)(?:o\d|gpt-[5-9])(?:[.-]|$)")

LimitField = Literal["max_tokens", "max_completion_tokens"]


class OpenAICompatible:
    """One adapter for every provider that speaks this dialect."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: httpx.URL,
        api_key: str | None,
        limit_field: LimitField = "max_tokens",
        asks_usage: bool = True,
    ) -> None:
        self._http = http
        path = base_url.path.rstrip("/")
        self._url = base_url.copy_with(path=f"{path}/chat/completions")
        self._models_url = base_url.copy_with(path=f"{path}/models")
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key is not None else {}
        self._limit_field = limit_field
        self._asks_usage = asks_usage

    def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Yield the answer as `ChatProvider.stream` promises."""
        return stream_events(
            self._http,
            self._url,
            self._headers,
            build_payload(request, self._limit_field, asks_usage=self._asks_usage),
            media_type="text/event-stream",
            reader=CompletionReader(),
        )

    async def list_models(self) -> tuple[CatalogEntry, ...]:
        """Return the models as `ChatProvider.list_models` promises."""
        return await fetch_catalog(self._http, self._models_url, self._headers)


class CompletionReader(AnswerReader):
    """Reads one streamed completion; without `[DONE]`, which some never send, a reason ends it."""

    def __init__(self) -> None:
        super().__init__(SSEDecoder())
        self._reason: FinishReason = "stop"
        self._usage: dict[str, Any] = {}

    def read(self, data: bytes, events: list[ChatEvent]) -> None:
        """Read one chunk of the completion."""
        if data == b"[DONE]":
            self.is_done = True
            return
        chunk = parse_object(data)
        if choices := chunk.get("choices"):
            choice = choices[0] if isinstance(choices, list) else None
            if isinstance(choice, dict):
                self._read_choice(choice, events)
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = usage
        if error := chunk.get("error"):
            raise parse_failure(error)

    def finished(self) -> Finished:
        """Return the end, with the counts of the last chunk that had any."""
        usage = self._usage
        cached = object_of(usage.get("prompt_tokens_details")).get("cached_tokens")
        return Finished(
            self._reason,
            count_of(usage.get("prompt_tokens")),
            count_of(usage.get("completion_tokens")),
            count_of(usage.get("prompt_cache_hit_tokens") if cached is None else cached),
            count_of(object_of(usage.get("completion_tokens_details")).get("reasoning_tokens")),
        )

    def _read_choice(self, choice: dict[str, Any], events: list[ChatEvent]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            text = delta.get("content")
            if len(delta) > 1 or not text:
                thought = delta.get("reasoning_content") or delta.get("reasoning")
                if thought := text_of(thought):
                    events.append(ReasoningDelta(thought))
            if text:
                if isinstance(text, str):
                    events.append(TextDelta(text_of(text)))
                elif isinstance(text, list):
                    _read_parts(text, events)
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self._reason = _REASONS.get(reason, "other")
            self.may_close = True


def _read_parts(parts: list[Any], events: list[ChatEvent]) -> None:
    """Mistral's reasoning models send content in parts.

    Source: https://docs.mistral.ai/capabilities/reasoning/
    """
    for part in map(object_of, parts):
        if text := text_of(part.get("text")):
            events.append(TextDelta(text))
        thoughts = part.get("thinking")
        for thought in map(object_of, thoughts if isinstance(thoughts, list) else ()):
            if text := text_of(thought.get("text")):
                events.append(ReasoningDelta(text))


def is_reasoning_model(model: str) -> bool:
    """Tell whether a model is of OpenAI's families that refuse to be told how to sample.

    Source: https://platform.openai.com/docs/guides/reasoning (o-series, and GPT-5 on, of which
    only `gpt-5-chat` is none).
    """
    return _REASONING_MODEL.match(model.rpartition("/")[2]) is not None


def build_payload(
    request: ChatRequest, limit_field: LimitField, *, asks_usage: bool = True
) -> dict[str, Any]:
    """Our request in the provider's words; what is at its neutral value is not sent.

    Args:
        limit_field: What the provider calls `max_tokens` for models that do not reason.
        asks_usage: Whether to ask for the counts of tokens; Mistral tells them unasked, and
            refuses to be asked.
    """
    payload: dict[str, Any] = {
        "model": request.model,
        "messages": [_build_message(turn) for turn in request.turns],
        "stream": True,
    }
    if asks_usage:
        payload["stream_options"] = {"include_usage": True}
    if is_reasoning_model(request.model):
        if request.max_tokens is not None:
            payload["max_completion_tokens"] = request.max_tokens
        return payload
    if request.max_tokens is not None:
        payload[limit_field] = request.max_tokens
    if request.temperature is not None:
        payload["temperature"] = request.temperature
    if request.top_p not in (None, 1.0):
        payload["top_p"] = request.top_p
    if request.frequency_penalty:
        payload["frequency_penalty"] = request.frequency_penalty
    if request.presence_penalty:
        payload["presence_penalty"] = request.presence_penalty
    return payload


def _build_message(turn: ChatTurn) -> dict[str, Any]:
    turn = inline_texts(turn)
    if not turn.attachments:
        return {"role": turn.role, "content": turn.text}
    parts = [_build_part(attachment) for attachment in turn.attachments]
    if turn.text:
        parts.append({"type": "text", "text": turn.text})
    return {"role": turn.role, "content": parts}


def _build_part(attachment: Attachment) -> dict[str, Any]:
    uri = data_uri(attachment)
    if isinstance(attachment, Image):
        return {"type": "image_url", "image_url": {"url": uri}}
    return {"type": "file", "file": {"filename": attachment.name, "file_data": uri}}
