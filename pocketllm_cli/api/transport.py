"""One HTTP client per command, and what its failures mean in the user's words."""

import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pocketllm_cli import __version__
from pocketllm_cli.contexts import is_local
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import BackendTimeout, BackendUnreachable, PocketLLMError

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 60.0
STREAM_SILENCE_SECONDS: Final = 60.0
"""A stream may be silent this long: while a model thinks the backend sends a comment line every
15 seconds, so a longer silence is a connection that is gone."""


class NotConnected(BackendUnreachable):
    """Nobody listens there: nothing was sent, so sending again is safe."""


class ConnectionBroke(BackendUnreachable):
    """The connection ended or fell silent; what was sent may or may not have been taken."""

    default_message = "The connection to the backend broke."


class NothingCame(BackendTimeout, ConnectionBroke):
    """The connection fell silent."""

    default_message = BackendTimeout.default_message


class Transport:
    """Sends requests. Redirects are never followed, so a token stays where it was sent.

    The client is made when it is first used: the terminal app paints before it loads httpx.
    """

    def __init__(self, url: str | None, log: DebugLog) -> None:
        self.log = log
        self._url = url

    @cached_property
    def client(self) -> "httpx.AsyncClient":
        """The HTTP client for the backend at this address."""
        return _make_client(self._url)

    async def close(self) -> None:
        """Close the client, if there is one."""
        if "client" in self.__dict__:
            await self.client.aclose()

    async def send(self, request: "httpx.Request", *, stream: bool = False) -> "httpx.Response":
        """Send one request and return the answer, whatever its status.

        Raises:
            NotConnected: The request did not reach the backend.
            BackendTimeout: It took too long.
            BackendUnreachable: The connection broke.
        """
        started = time.monotonic()
        with translated_failures(self.log):
            response = await self.client.send(request, stream=stream)
        took = time.monotonic() - started
        path = request.url.path
        self.log.line(f"{request.method} {path} -> {response.status_code} in {took:.3f} s")
        return response


@asynccontextmanager
async def open_transport(url: str | None, log: DebugLog) -> AsyncIterator[Transport]:
    """Open the client for a backend at `url`, or for the embedded one (None).

    The environment's proxies and certificates are used, but never for this machine itself.
    """
    transport = Transport(url, log)
    try:
        yield transport
    finally:
        await transport.close()


def _make_client(url: str | None) -> "httpx.AsyncClient":
    loaded = load_httpx()
    is_here = url is None or is_local(url)
    is_plain = url is None or url.startswith("http:")
    from pocketllm_cli.api.http_client import ClosingClient

    return ClosingClient(
        trust_env=not is_here,
        verify=_no_tls() if is_plain else True,
        follow_redirects=False,
        timeout=loaded.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": f"pocketllm/{__version__}"},
    )


def load_httpx() -> Any:
    """Import httpx without its own command line program.

    Where click and rich are installed, `import httpx` also loads them and pygments for that
    program: 69 ms of 172. httpx does without when that import fails, as None here makes it.
    """
    if "httpx" not in sys.modules:
        barred: Any = sys.modules
        barred["httpx._main"] = None
        try:
            import httpx
        finally:
            del sys.modules["httpx._main"]
    import httpx

    return httpx


@contextmanager
def translated_failures(log: DebugLog) -> Iterator[None]:
    """Turn httpx's exceptions within the block into ours."""
    httpx = load_httpx()
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        log.exception(error)
        raise _translate(httpx, error) from error


def _translate(httpx: Any, error: Exception) -> PocketLLMError:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return NotConnected()
    if isinstance(error, httpx.TimeoutException):
        return NothingCame()
    return ConnectionBroke()


def _no_tls() -> Any:
    """Return a context that trusts nobody, for plain http; loading the real one takes 20 ms."""
    import ssl  # httpx has loaded it by now

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
