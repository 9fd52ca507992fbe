"""Where the browser of this machine brings the code of a sign-in: a port of 127.0.0.1, once.

Source: https://www.rfc-editor.org/rfc/rfc8252#section-7.3 (loopback redirects of native apps)
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Final

from pocketllm_cli.api.redirects import code_in, path_for
from pocketllm_cli.errors import BackendTimeout, PocketLLMError

WAIT_SECONDS: Final = 300.0
"""How long somebody may take to sign in; a code is good for as long."""

_HOST: Final = "127.0.0.1"
_HEAD_SECONDS: Final = 10.0
_MOST_HEAD_BYTES: Final = 16 * 1024
_NO_REQUEST: Final = (
    OSError,  # and with it what takes too long
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
)

_PAGE: Final = """<!doctype html><meta charset="utf-8"><title>PocketLLM</title>
<body style="font-family: sans-serif; margin: 4em"><h1>{title}</h1><p>{text}</p>
"""
_WELCOME: Final = ("200 OK", "You are signed in", "Close this page and go back to the terminal.")
_REFUSED: Final = ("400 Bad Request", "Not signed in", "The terminal says why.")
_ELSEWHERE: Final = ("404 Not Found", "Nothing here", "This is not the page of a sign-in.")


class Loopback:
    """Waits for one browser; whoever does not know the state is sent away."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._port = 0
        self._code: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def address(self) -> str:
        """Where the browser is to be led."""
        return f"http://{_HOST}:{self._port}{path_for(self._state)}"

    async def wait(self, seconds: float = WAIT_SECONDS) -> str:
        """Return the code that the browser brings.

        Raises:
            NotAllowed: It brings word that the sign-in was refused.
            BackendTimeout: Nobody came.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._code
        except TimeoutError as error:
            raise BackendTimeout(
                f"Nobody signed in within {seconds / 60:.0f} minutes.",
                hint="Try again; where the browser is elsewhere, with `--paste`.",
            ) from error

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(*_NO_REQUEST):
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.decode("latin-1")))
                await writer.drain()

    def _answer(self, head: str) -> bytes:
        request, *headers = head.split("\r\n")
        method, _, rest = request.partition(" ")
        target = rest.partition(" ")[0]
        # A page elsewhere could have a name of its own point here.
        is_for_us = f"host: {_HOST}:{self._port}" in [line.lower().strip() for line in headers]
        is_known = target.partition("?")[0] == path_for(self._state)
        if method != "GET" or not (is_for_us and is_known) or self._code.done():
            return _page(*_ELSEWHERE)
        try:
            self._code.set_result(code_in(target, self._state))
        except PocketLLMError as error:
            self._code.set_exception(error)
            return _page(*_REFUSED)
        return _page(*_WELCOME)


@asynccontextmanager
async def open_loopback() -> AsyncIterator[Loopback]:
    """Listen on a free port until the block ends."""
    loopback = Loopback(secrets.token_urlsafe(24))
    server = await asyncio.start_server(loopback._serve, _HOST, 0, limit=_MOST_HEAD_BYTES)
    loopback._port = server.sockets[0].getsockname()[1]
    async with server:
        yield loopback


def _page(status: str, title: str, text: str) -> bytes:
    body = _PAGE.format(title=title, text=text).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
