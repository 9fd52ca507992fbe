"""httpx over aiohttp: aiohttp's connections and parser under httpx's API, thin for each token.

aiohttp's connector asks for every socket it opens, and its parser costs a fraction of httpx's own.
Two clocks run here, one after the other: until the response begins, and between its pieces.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

from backend_functions.egress.failures import CertificateInvalid, NotSecure

_HTTPX_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientConnectorCertificateError, CertificateInvalid),
    (aiohttp.ClientSSLError, NotSecure),
    (TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientConnectionError, httpx.ReadError),
    (aiohttp.ClientPayloadError, httpx.ReadError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
)
"""The first that fits counts."""
_MAX_PIECE_BYTES = 16 * 1024
"""What is taken at once, so that a flood on one connection does not hold up the others."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends httpx's requests through one aiohttp session, which is made on first use.

    It follows no redirect, unpacks nothing and retries nothing.
    """

    def __init__(
        self,
        make_session: Callable[[], aiohttp.ClientSession],
        *,
        response_seconds: float,
        idle_seconds: float,
    ) -> None:
        """Take the session's maker and the two bounds.

        Args:
            response_seconds: Until a response's head is there, and again until its first piece.
            idle_seconds: Between two pieces.
        """
        self._make_session = make_session
        self._session: aiohttp.ClientSession | None = None
        self._response_seconds = response_seconds
        self._idle_seconds = idle_seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose body is there and return the response with its body to come."""
        session = self._session = self._session or self._make_session()
        # A request may bring a bound of its own: a picture takes longer to begin than a text.
        response_seconds = request.extensions.get("response_seconds", self._response_seconds)
        with _errors_of_httpx():
            async with asyncio.timeout(response_seconds):
                response = await session.request(
                    request.method,
                    URL(str(request.url), encoded=True),
                    headers=request.headers.multi_items(),
                    data=request.content or None,
                    allow_redirects=False,
                    timeout=_timeout(request),
                )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Body(response, response_seconds, self._idle_seconds),
        )

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


class _Body(httpx.AsyncByteStream):
    """The pieces of a response as the network delivers them."""

    def __init__(
        self, response: aiohttp.ClientResponse, response_seconds: float, idle_seconds: float
    ) -> None:
        self._response = response
        self._limit = response_seconds
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._waiting_since: float | None = None
        self._clock: asyncio.TimerHandle | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content, now = self._response.content, self._loop.time
        self._clock = self._loop.call_later(self._next_look(0.0), self._look)
        with _errors_of_httpx():
            while True:
                self._waiting_since = now()
                piece = await content.read(_MAX_PIECE_BYTES)
                self._waiting_since = None
                if not piece:
                    return
                self._limit = self._idle_seconds
                yield piece

    def _look(self) -> None:
        """End a wait that was too long; a timer for each piece would cost more than reading it."""
        since, now = self._waiting_since, self._loop.time()
        waited = 0.0 if since is None else now - since
        if waited >= self._limit:
            self._response.content.set_exception(TimeoutError("nothing came for too long"))
        else:
            self._clock = self._loop.call_later(self._next_look(waited), self._look)

    def _next_look(self, waited: float) -> float:
        return min(self._limit - waited, self._idle_seconds)

    async def aclose(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        # What was read to its end leaves a connection to be used again; any other is closed.
        self._response.release()


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    bounds = request.extensions["timeout"]
    return aiohttp.ClientTimeout(
        total=None, connect=bounds["pool"], sock_connect=bounds["connect"], sock_read=None
    )


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        kind = next(theirs for ours, theirs in _HTTPX_ERRORS if isinstance(error, ours))
        raise kind(str(error)) from error
