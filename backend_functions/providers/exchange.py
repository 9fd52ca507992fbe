"""The one place that talks to providers: opens, bounds, checks and closes; maps what goes wrong.

Adapters say what to send and how to read it. Headers are built by them and never forwarded.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from backend_functions.egress.failures import CertificateInvalid, NotSecure
from backend_functions.errors import ProviderError, ProviderIncomplete, ProviderUnreachable
from backend_functions.providers.base import ChatEvent
from backend_functions.providers.failures import parse_error, parse_failure_body
from backend_functions.providers.reader import AnswerReader

_HEADERS = {"content-type": "application/json"}
_MAX_ERROR_BYTES = 16 * 1024
_MAX_ERROR_SECONDS = 5.0
_MAX_DETAIL_CHARACTERS = 500
_MAX_STREAM_BYTES = 512 * 1024 * 1024
"""An answer of 2,000,000 characters, sent one at a time in the wordiest dialect."""
_MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
_MAX_DOCUMENT_SECONDS = 30.0


async def stream_events(
    http: httpx.AsyncClient,
    url: httpx.URL,
    headers: dict[str, str],
    payload: dict[str, Any],
    *,
    media_type: str,
    reader: AnswerReader,
) -> AsyncGenerator[list[ChatEvent], None]:
    """Post a request and yield its answer's events as `ChatProvider.stream` promises.

    Args:
        headers: Those that this provider asks for, such as its key.
        media_type: What the answer must be; anything else is no stream of this dialect.
    """
    is_open = False
    received = 0
    try:
        async with http.stream(
            "POST",
            url,
            headers=_HEADERS | {"accept": media_type} | headers,
            content=orjson.dumps(payload),
        ) as response:
            is_open = True
            await _raise_unless_stream(response, media_type)
            # Not `aiter_raw`, which counts and cuts: each step here is taken for each token.
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for piece in response.stream:
                if events := reader.feed(piece):
                    yield events
                if reader.failure is not None:
                    raise reader.failure
                if reader.is_done:
                    return
                received += len(piece)
                if received > _MAX_STREAM_BYTES:
                    raise ProviderError(detail="the stream is too long")
            yield reader.end()
    except ProviderError as error:
        remove_key(error, headers)
        raise
    except httpx.HTTPError as error:
        raise _connection_failure(error, is_open) from None


async def fetch_document(
    http: httpx.AsyncClient, url: httpx.URL, headers: dict[str, str]
) -> object:
    """Get a JSON document of at most 8 MiB.

    Raises:
        ProviderError: The provider refused, failed, was too slow or sent something else.
    """
    body = await fetch_bytes(
        http, url, headers, max_bytes=_MAX_DOCUMENT_BYTES, seconds=_MAX_DOCUMENT_SECONDS
    )
    return _parse_document(body)


async def post_for_document(
    http: httpx.AsyncClient,
    url: httpx.URL,
    headers: dict[str, str],
    content: bytes,
    *,
    max_bytes: int,
    seconds: float,
) -> object:
    """Post a body and return the JSON document that it is answered with.

    Args:
        headers: Those that this provider asks for, and what the body is.
        seconds: From start to end; that it takes so long to begin is no failure.

    Raises:
        ProviderError: The provider refused, failed, was too slow or sent something else.
    """
    body = await fetch_bytes(http, url, headers, content, max_bytes=max_bytes, seconds=seconds)
    return _parse_document(body)


async def fetch_bytes(
    http: httpx.AsyncClient,
    url: httpx.URL,
    headers: dict[str, str],
    content: bytes | None = None,
    *,
    max_bytes: int,
    seconds: float,
) -> bytes:
    """Return the whole body of an answer of status 200: to what is posted, else to a GET.

    Raises:
        ProviderError: The provider refused, failed, was too slow, or sent more than `max_bytes`.
    """
    request = http.build_request(
        "GET" if content is None else "POST",
        url,
        headers=headers,
        content=content,
        extensions={"timeout": http.timeout.as_dict(), "response_seconds": seconds},
    )
    response: httpx.Response | None = None
    try:
        async with asyncio.timeout(seconds):
            response = await http.send(request, stream=True)
            if response.status_code != 200:
                raise await _failure_of(response)
            _refuse_compressed(response)
            body = await _read(response, max_bytes)
    except TimeoutError as error:
        raise ProviderUnreachable(detail="the answer took too long") from error
    except ProviderError as error:
        remove_key(error, headers)
        raise
    except httpx.HTTPError as error:
        raise _connection_failure(error, response is not None) from None
    finally:
        if response is not None:
            await response.aclose()
    if len(body) > max_bytes:
        raise ProviderError(detail="the answer is too long")
    return body


def _parse_document(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ProviderError(detail="the document is not JSON") from error


async def _raise_unless_stream(response: httpx.Response, media_type: str) -> None:
    if response.status_code != 200:
        raise await _failure_of(response)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != media_type:
        body = await _read_beginning(response)
        raise parse_failure_body(body) or ProviderError(detail=f"not a stream but {kind[:80]!r}")
    _refuse_compressed(response)


def _refuse_compressed(response: httpx.Response) -> None:
    """Nothing was asked to be compressed, and unpacking has no bound."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProviderError(detail="the answer is compressed, which was not asked for")


async def _failure_of(response: httpx.Response) -> ProviderError:
    body = await _read_beginning(response)
    return parse_error(response.status_code, body, response.headers, datetime.now(UTC))


async def _read_beginning(response: httpx.Response) -> bytes:
    """Read what a refusal says, as far as it comes: the status is known and tells enough."""
    body = b""
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_MAX_ERROR_SECONDS):
            body = await _read(response, _MAX_ERROR_BYTES)
    return body


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    """Read the body, or a little more than `max_bytes` of a longer one."""
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > max_bytes:
            break
    return bytes(body)


def remove_key(error: ProviderError, headers: dict[str, str]) -> None:
    """Take the key out of what the provider said, which may quote it, and cut that short."""
    for value in headers.values():
        error.detail = error.detail.replace(value.removeprefix("Bearer "), "[header]")
    error.detail = error.detail[:_MAX_DETAIL_CHARACTERS]
    error.args = (error.detail or error.message,)


def _connection_failure(error: httpx.HTTPError, is_open: bool) -> ProviderError:
    """Say what became of the connection. The cause is not chained: it may hold the headers."""
    detail = type(error).__name__
    if isinstance(error, NotSecure):
        return _no_trust(error)
    if isinstance(error, httpx.ReadTimeout):
        return ProviderUnreachable(detail=f"timeout: {detail}")
    if is_open:
        return ProviderIncomplete(detail=detail)
    if isinstance(error, httpx.RemoteProtocolError):
        return ProviderError(detail="not HTTP")
    return ProviderUnreachable(detail=detail, failed_before_answer=True)


def _no_trust(error: NotSecure) -> ProviderUnreachable:
    """Asking again would find the same server. The key was not sent: TLS comes before it."""
    message = "No secure connection to the model provider could be made; nothing was sent to it."
    if isinstance(error, CertificateInvalid):
        message = "The model provider's certificate is not valid; nothing was sent to it."
    return ProviderUnreachable(message, detail=type(error).__name__)
