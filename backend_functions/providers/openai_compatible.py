"""OpenAI's chat completions, the dialect that most providers speak.

Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from collections.abc import AsyncIterator
from typing import Any, Literal

import httpx
import orjson

from backend_functions.errors import (
    ProviderBusy,
    ProviderError,
    ProviderIncomplete,
    ProviderRefused,
    ProviderRejectedKey,
    ProviderUnreachable,
)
from backend_functions.providers.base import (
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    ReasoningDelta,
    TextDelta,
)
from backend_functions.providers.sse import SSEDecoder

_ERROR_OF_STATUS: dict[int, type[ProviderError]] = {
    401: ProviderRejectedKey,
    403: ProviderRejectedKey,
    402: ProviderBusy,
    408: ProviderUnreachable,
    429: ProviderBusy,
    503: ProviderBusy,
    504: ProviderUnreachable,
    529: ProviderBusy,
}
_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
}
_MAX_ERROR_BYTES = 16 * 1024

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
    ) -> None:
        self._http = http
        self._url = base_url.copy_with(path=f"{base_url.path.rstrip('/')}/chat/completions")
        self._headers = {"content-type": "application/json", "accept": "text/event-stream"}
        if api_key is not None:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._limit_field = limit_field

    async def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Yield the answer as `ChatProvider.stream` promises."""
        payload = build_payload(request, self._limit_field)
        try:
            async with self._http.stream(
                "POST", self._url, headers=self._headers, content=orjson.dumps(payload)
            ) as response:
                await _raise_unless_stream(response)
                reader = CompletionReader()
                async for piece in response.aiter_raw():
                    if events := reader.feed(piece):
                        yield events
                    if reader.failure is not None:
                        raise reader.failure
                    if reader.is_done:
                        return
                yield reader.end()
        except httpx.TimeoutException as error:
            raise ProviderUnreachable(detail=f"timeout: {type(error).__name__}") from error
        except httpx.ReadError as error:
            raise ProviderIncomplete(detail=type(error).__name__) from error
        except httpx.HTTPError as error:
            raise ProviderUnreachable(detail=type(error).__name__) from error


class CompletionReader:
    """Turns the bytes of one streamed completion into events, without I/O."""

    def __init__(self) -> None:
        self._decoder = SSEDecoder()
        self._reason: FinishReason | None = None
        self._usage: dict[str, Any] = {}
        self.is_done = False
        self.failure: ProviderError | None = None
        """Set when the stream says it failed, or is no stream of completions. What came before
        it in the same piece is an answer all the same, so this is not raised."""

    def feed(self, piece: bytes) -> list[ChatEvent]:
        """Return the events of this piece, up to a failure or the end."""
        events: list[ChatEvent] = []
        try:
            for data in self._decoder.feed(piece):
                if data == b"[DONE]":
                    self.is_done = True
                    events.append(self._finished())
                    break
                self._read_chunk(_parse(data), events)
        except ProviderError as error:
            self.failure = error
        return events

    def end(self) -> list[ChatEvent]:
        """Return the end of a stream that closed; some servers send no `[DONE]`.

        Raises:
            ProviderIncomplete: No finish reason was seen either.
        """
        if self._reason is None:
            raise ProviderIncomplete(detail="the stream closed without an end marker")
        return [self._finished()]

    def _finished(self) -> Finished:
        return Finished(
            self._reason or "stop",
            _count(self._usage.get("prompt_tokens")),
            _count(self._usage.get("completion_tokens")),
        )

    def _read_chunk(self, chunk: dict[str, Any], events: list[ChatEvent]) -> None:
        if choices := chunk.get("choices"):
            choice = choices[0] if isinstance(choices, list) else None
            if isinstance(choice, dict):
                self._read_choice(choice, events)
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = usage
        if chunk.get("error"):
            raise error_in_stream(chunk["error"])

    def _read_choice(self, choice: dict[str, Any], events: list[ChatEvent]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            text = delta.get("content")
            if text and isinstance(text, str):
                events.append(TextDelta(text))
            else:
                thought = delta.get("reasoning_content") or delta.get("reasoning")
                if thought and isinstance(thought, str):
                    events.append(ReasoningDelta(thought))
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self._reason = _REASONS.get(reason, "other")


def build_payload(request: ChatRequest, limit_field: LimitField) -> dict[str, Any]:
    """Our request in the provider's words; what is at its neutral value is not sent."""
    payload: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": turn.role, "content": turn.text} for turn in request.turns],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.temperature is not None:
        payload["temperature"] = request.temperature
    if request.max_tokens is not None:
        payload[limit_field] = request.max_tokens
    if request.top_p not in (None, 1.0):
        payload["top_p"] = request.top_p
    if request.frequency_penalty:
        payload["frequency_penalty"] = request.frequency_penalty
    if request.presence_penalty:
        payload["presence_penalty"] = request.presence_penalty
    return payload


def parse_error(status: int, body: bytes) -> ProviderError:
    """The provider's refusal in our words; its own words go to the log only."""
    kind = _ERROR_OF_STATUS.get(status)
    if kind is None:
        kind = ProviderRefused if 400 <= status < 500 else ProviderError
    detail = f"status {status}: {body[:500].decode(errors='replace')}"
    if kind is ProviderRefused and status == 404:
        return ProviderRefused("The provider does not know this model or address.", detail=detail)
    return kind(detail=detail)


def error_in_stream(error: object) -> ProviderError:
    """A failure that the provider reports after it has begun to answer."""
    code = error.get("code") if isinstance(error, dict) else None
    kind = _ERROR_OF_STATUS.get(code, ProviderError) if isinstance(code, int) else ProviderError
    return kind(detail=f"error in stream: {str(error)[:500]}")


def _parse(data: bytes) -> dict[str, Any]:
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:  # bytes that are no UTF-8 are replaced rather than losing the rest of the answer
            chunk = orjson.loads(data.decode(errors="replace"))
        except orjson.JSONDecodeError as error:
            raise ProviderError(detail="an event of the stream is not JSON") from error
    if not isinstance(chunk, dict):
        raise ProviderError(detail="an event of the stream is not an object")
    return chunk


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**31 else None


async def _raise_unless_stream(response: httpx.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code != 200 or kind != "text/event-stream":
        body = b""
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > _MAX_ERROR_BYTES:
                break
        if response.status_code != 200:
            raise parse_error(response.status_code, body)
        raise ProviderError(detail=f"not a stream but {kind!r}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProviderError(detail="the stream is compressed, which was not asked for")
