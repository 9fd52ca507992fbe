"""Sending an answer's event stream: plain ASGI, as fast as the reader takes it."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_PING = b": ping\n\n"
_PING_SECONDS = 15.0
_PATIENCE_SECONDS = 60.0


class EventStream(Response):
    """A response that sends pieces until they end, the reader leaves, or it stops taking them.

    The answer is not touched by any of that: it is somebody else's to write.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._is_sending = False
        self._last_change = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; returns early when the reader is gone."""
        tasks = [
            asyncio.ensure_future(part)
            for part in (self._send_all(send), self._keep_alive(send), _wait_until_gone(receive))
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        now = asyncio.get_running_loop().time
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        async for piece in self._pieces:
            self._is_sending, self._last_change = True, now()
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            self._is_sending, self._last_change = False, now()
        await send({"type": "http.response.body", "body": b""})

    async def _keep_alive(self, send: Send) -> None:
        """Ping a silent stream; return when a reader that was stopped has taken nothing for long.

        One look now and then, since a timer for each piece would cost more than sending it.
        """
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_PING_SECONDS)
            silence = now() - self._last_change
            if self._is_sending and silence > _PATIENCE_SECONDS:
                return
            if not self._is_sending and silence > _PING_SECONDS:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await send({"type": "http.response.body", "body": _PING, "more_body": True})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
