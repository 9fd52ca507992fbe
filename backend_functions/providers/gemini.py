"""Google's Gemini API.

Source: https://ai.google.dev/api/generate-content
"""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx

from backend_functions.errors import ProviderRefused
from backend_functions.providers.base import (
    Attachment,
    CatalogEntry,
    ChatEvent,
    ChatRequest,
    ChatTurn,
    Finished,
    FinishReason,
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

_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "MALFORMED_FUNCTION_CALL": "tool_calls",
    "UNEXPECTED_TOOL_CALL": "tool_calls",
}
_ROLES = {"user": "user", "assistant": "model"}
_MODEL = re.compile(r"(?:(?:models|tunedModels)/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_THINKING_MODEL = re.compile(
    r"gemini-(?:2\.5|[3-9](?:\.\d+)?)-(?:pro|flash)(?!.*(?:image|tts|audio|live))"
)


class Gemini:
    """The adapter for this dialect. The key travels in a header, never in the address."""

    def __init__(
        self, http: httpx.AsyncClient, *, base_url: httpx.URL, api_key: str | None
    ) -> None:
        self._http = http
        self._base_url = base_url
        self._models_url = base_url.copy_with(
            path=f"{base_url.path.rstrip('/')}/models", query=b"pageSize=1000"
        )
        self._headers = {"x-goog-api-key": api_key} if api_key is not None else {}

    def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Yield the answer as `ChatProvider.stream` promises."""
        return stream_events(
            self._http,
            build_url(self._base_url, request.model),
            self._headers,
            build_payload(request),
            media_type="text/event-stream",
            reader=ContentReader(),
        )

    async def list_models(self) -> tuple[CatalogEntry, ...]:
        """Return the models as `ChatProvider.list_models` promises."""
        return await fetch_catalog(self._http, self._models_url, self._headers)


class ContentReader(AnswerReader):
    """Reads one streamed answer. There is no marker after the candidate's finish reason.

    Counts may follow it, so the end is the closed stream, or counts that came with the reason.
    """

    def __init__(self) -> None:
        super().__init__(SSEDecoder())
        self._reason: FinishReason = "other"
        self._usage: dict[str, Any] = {}

    def read(self, data: bytes, events: list[ChatEvent]) -> None:
        """Read one piece of the answer."""
        piece = parse_object(data)
        if error := piece.get("error"):
            raise parse_failure(error)
        if isinstance(usage := piece.get("usageMetadata"), dict):
            self._usage = usage
        candidates = piece.get("candidates")
        if isinstance(candidates, list) and candidates:
            self._read_candidate(object_of(candidates[0]), events)
        elif object_of(piece.get("promptFeedback")).get("blockReason"):
            self._end("content_filter")
        self.is_done = self.may_close and "usageMetadata" in piece

    def finished(self) -> Finished:
        """Return the end. Gemini counts thoughts apart from the other output."""
        usage = self._usage
        thoughts = count_of(usage.get("thoughtsTokenCount"))
        return Finished(
            self._reason,
            count_of(usage.get("promptTokenCount")),
            total_of(count_of(usage.get("candidatesTokenCount")), thoughts),
            count_of(usage.get("cachedContentTokenCount")),
            thoughts,
        )

    def _read_candidate(self, candidate: dict[str, Any], events: list[ChatEvent]) -> None:
        parts = object_of(candidate.get("content")).get("parts")
        for part in map(object_of, parts if isinstance(parts, list) else ()):
            if text := text_of(part.get("text")):
                events.append(ReasoningDelta(text) if part.get("thought") else TextDelta(text))
        reason = candidate.get("finishReason")
        if isinstance(reason, str) and reason:
            self._end(_REASONS.get(reason, "other"))

    def _end(self, reason: FinishReason) -> None:
        self._reason, self.may_close = reason, True


def is_model_name(model: str) -> bool:
    """Tell whether a model's name can stand in an address without becoming another address."""
    return _MODEL.fullmatch(model) is not None


def build_url(base_url: httpx.URL, model: str) -> httpx.URL:
    """Return where a model answers.

    Raises:
        ProviderRefused: The name is none that Gemini gives.
    """
    if not is_model_name(model):
        raise ProviderRefused("The model's name is none that Gemini gives.")
    name = quote(model if "/" in model else f"models/{model}", safe="/")
    path = f"{base_url.path.rstrip('/')}/{name}:streamGenerateContent"
    return base_url.copy_with(path=path, query=b"alt=sse")


def build_payload(request: ChatRequest) -> dict[str, Any]:
    """Our request in Gemini's words."""
    system, turns = split_system(request.turns)
    payload: dict[str, Any] = {"contents": [_build_content(turn) for turn in alternate(turns)]}
    if system:
        payload["systemInstruction"] = {"parts": [{"text": system}]}
    if settings := _build_settings(request):
        payload["generationConfig"] = settings
    return payload


def tells_thoughts(model: str) -> bool:
    """Tell whether a model may be asked for its thoughts; others refuse the question.

    Source: https://ai.google.dev/gemini-api/docs/thinking
    """
    return _THINKING_MODEL.match(model.rpartition("/")[2]) is not None


def _build_settings(request: ChatRequest) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if request.temperature is not None:
        settings["temperature"] = request.temperature
    if request.max_tokens is not None:
        settings["maxOutputTokens"] = request.max_tokens
    if request.top_p not in (None, 1.0):
        settings["topP"] = request.top_p
    if request.frequency_penalty:
        settings["frequencyPenalty"] = request.frequency_penalty
    if request.presence_penalty:
        settings["presencePenalty"] = request.presence_penalty
    if tells_thoughts(request.model):
        settings["thinkingConfig"] = {"includeThoughts": True}
    return settings


def _build_content(turn: ChatTurn) -> dict[str, Any]:
    parts = [_build_part(attachment) for attachment in turn.attachments]
    if turn.text:
        parts.append({"text": turn.text})
    return {"role": _ROLES[turn.role], "parts": parts}


def _build_part(attachment: Attachment) -> dict[str, Any]:
    return {"inlineData": {"mimeType": attachment.media_type, "data": encode_base64(attachment)}}
