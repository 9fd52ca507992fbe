"""Ollama's own API, which streams lines of JSON.

Source: https://docs.ollama.com/api/chat and https://docs.ollama.com/api/streaming
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from backend_functions.errors import ProviderRefused
from backend_functions.providers.base import (
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
from backend_functions.providers.lines import LineDecoder
from backend_functions.providers.reader import (
    AnswerReader,
    count_of,
    object_of,
    parse_object,
    text_of,
)
from backend_functions.providers.turns import encode_base64, inline_texts

_MEDIA_TYPE = "application/x-ndjson"
_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class Ollama:
    """The adapter for this dialect. A model that thinks does so unasked."""

    def __init__(
        self, http: httpx.AsyncClient, *, base_url: httpx.URL, api_key: str | None
    ) -> None:
        self._http = http
        path = f"{base_url.path.rstrip('/').removesuffix('/api')}/api"
        self._url = base_url.copy_with(path=f"{path}/chat")
        self._models_url = base_url.copy_with(path=f"{path}/tags")
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key is not None else {}

    def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Yield the answer as `ChatProvider.stream` promises."""
        return stream_events(
            self._http,
            self._url,
            self._headers,
            build_payload(request),
            media_type=_MEDIA_TYPE,
            reader=ChatReader(),
        )

    async def list_models(self) -> tuple[CatalogEntry, ...]:
        """Return the models as `ChatProvider.list_models` promises."""
        return await fetch_catalog(self._http, self._models_url, self._headers)


class ChatReader(AnswerReader):
    """Reads one streamed chat, whose last line says `done`."""

    def __init__(self) -> None:
        self._lines = LineDecoder()
        super().__init__(self._lines)
        self._last: dict[str, Any] = {}

    def read(self, data: bytes, events: list[ChatEvent]) -> None:
        """Read one line of the chat."""
        line = parse_object(data)
        if error := line.get("error"):
            raise parse_failure(error)
        message = object_of(line.get("message"))
        if thought := text_of(message.get("thinking")):
            events.append(ReasoningDelta(thought))
        if text := text_of(message.get("content")):
            events.append(TextDelta(text))
        if line.get("done") is True:
            self._last, self.is_done = line, True

    def end(self) -> list[ChatEvent]:
        """Return the end of a stream that closed: its last line may lack its line end."""
        if self._lines.holds_json:
            events = self.feed(b"\n")
            if self.failure is not None:
                raise self.failure
            if self.is_done:
                return events
        return super().end()

    def finished(self) -> Finished:
        """Return the end, as the last line tells it."""
        reason = self._last.get("done_reason")
        return Finished(
            _REASONS.get(reason, "other") if isinstance(reason, str) else "stop",
            count_of(self._last.get("prompt_eval_count")),
            count_of(self._last.get("eval_count")),
        )


def build_payload(request: ChatRequest) -> dict[str, Any]:
    """Our request in Ollama's words.

    Raises:
        ProviderRefused: A document is attached that is no text.
    """
    payload: dict[str, Any] = {
        "model": request.model,
        "messages": [_build_message(turn) for turn in request.turns],
        "stream": True,
    }
    if options := _build_options(request):
        payload["options"] = options
    return payload


def _build_options(request: ChatRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.max_tokens is not None:
        options["num_predict"] = request.max_tokens
    if request.top_p not in (None, 1.0):
        options["top_p"] = request.top_p
    if request.frequency_penalty:
        options["frequency_penalty"] = request.frequency_penalty
    if request.presence_penalty:
        options["presence_penalty"] = request.presence_penalty
    return options


def _build_message(turn: ChatTurn) -> dict[str, Any]:
    turn = inline_texts(turn)
    message: dict[str, Any] = {"role": turn.role, "content": turn.text}
    if turn.attachments:
        if not all(isinstance(attachment, Image) for attachment in turn.attachments):
            raise ProviderRefused("Ollama takes pictures and text, and no other documents.")
        message["images"] = [encode_base64(attachment) for attachment in turn.attachments]
    return message
