"""One WebSocket: what comes in is handled in order, what goes out waits in a bounded queue."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from backend_functions.gateway.realtime.limits import RealtimeLimits
from backend_functions.gateway.realtime.phoenix import BadFrame, Frame, Sent, Version, parse_frame

POLICY_VIOLATION, TOO_BIG, TRY_AGAIN = 1008, 1009, 1013
_LAST_WORDS_SECONDS = 1.0


class Pace:
    """Counts what happens within a second."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._second = 0
        self._count = 0

    def is_kept(self) -> bool:
        """Count one more; tell whether there are not too many."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= self._at_most


class Connection:
    """A client's connection, as channels and the hub see it."""

    def __init__(self, websocket: WebSocket, version: Version, limits: RealtimeLimits) -> None:
        self.version: Version = version
        self._websocket = websocket
        self._limits = limits
        self._waiting: deque[Sent] = deque()
        self._waiting_bytes = 0
        self._work = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._is_ending = asyncio.Event()

    def send(self, frame: Sent | None) -> None:
        """Queue a frame. A reader that lets too many wait is dropped, with what waits."""
        if frame is None or self._closing is not None:
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        if (
            len(self._waiting) > self._limits.max_waiting_frames
            or self._waiting_bytes > self._limits.max_waiting_bytes
        ):
            self._waiting.clear()
            self.end(TRY_AGAIN, "reads too slowly")
        self._work.set()

    def end(self, code: int, reason: str) -> None:
        """Close the connection after what is queued was sent."""
        if self._closing is None:
            self._closing = (code, reason)
            self._work.set()
            self._is_ending.set()

    async def run(self, handle: Callable[[Frame], Awaitable[None]]) -> None:
        """Hand each frame to `handle` until the connection ends, from either side."""
        reading = asyncio.create_task(self._read(handle))
        writing = asyncio.create_task(self._write())
        ending = asyncio.create_task(self._wait_for_end())
        tasks = (reading, writing, ending)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()):
                raise error

    async def _wait_for_end(self) -> None:
        """Return when the connection is to end and its peer has had time to read what is left."""
        await self._is_ending.wait()
        await asyncio.sleep(_LAST_WORDS_SECONDS)

    async def _read(self, handle: Callable[[Frame], Awaitable[None]]) -> None:
        pace = Pace(self._limits.frames_per_second)
        while True:
            try:
                async with asyncio.timeout(self._limits.silent_seconds):
                    message = await self._websocket.receive()
            except TimeoutError:
                return await self._close(POLICY_VIOLATION, "no heartbeat")
            if message["type"] != "websocket.receive":
                return None
            data: str | bytes = message.get("text") or message.get("bytes") or ""
            if len(data) > self._limits.max_frame_bytes:
                return await self._close(TOO_BIG, "frame too big")
            if not pace.is_kept():
                return await self._close(POLICY_VIOLATION, "Too many messages per second")
            try:
                frame = parse_frame(self.version, data)
            except BadFrame:
                return await self._close(POLICY_VIOLATION, "not a frame of this version")
            await handle(frame)

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                frame = self._waiting.popleft()
                self._waiting_bytes -= len(frame)
                await self._send(frame)
            if self._closing is not None:
                return await self._close(*self._closing)

    async def _send(self, frame: Sent) -> None:
        if isinstance(frame, bytes):
            await self._websocket.send_bytes(frame)
        else:
            await self._websocket.send_text(frame)

    async def _close(self, code: int, reason: str) -> None:
        self._closing = (code, reason)
        try:
            async with asyncio.timeout(1.0):
                await self._websocket.close(code, reason)
        except (RuntimeError, WebSocketDisconnect, TimeoutError):
            pass  # it is gone already, or does not even read that
