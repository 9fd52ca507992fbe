"""A server on a real socket whose answers are scripts: what every stand-in for a provider is."""

import asyncio
import json
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

Writer = asyncio.StreamWriter
Served = TypeVar("Served", bound="HttpUpstream")
Answer = Callable[[Writer], Awaitable[None]]

END = b"0\r\n\r\n"


@dataclass
class HttpUpstream(ABC):
    """What was asked of it; a subclass says how it answers."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    """The request lines' paths and queries, as sent."""
    open_streams: int = 0
    port: int = 0
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    @abstractmethod
    async def answer(self, request: dict[str, Any], writer: Writer) -> None:
        """Answer a request; its headers and target are the last of those noted."""

    def read(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """What is noted of a request's body; JSON, unless a subclass takes more."""
        request: dict[str, Any] = json.loads(body or b"{}")
        return request

    @asynccontextmanager
    async def running(
        self, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[Self]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self.connections):
                task.cancel()
            await asyncio.gather(*self.connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        try:
            await self._answer_all(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            self.connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        while True:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in lines if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.headers.append(headers)
            self.targets.append(first.split(" ")[1])
            request = self.read(headers, body)
            self.requests.append(request)
            self.open_streams += 1
            try:
                await self.answer(request, writer)
            finally:
                self.open_streams -= 1


def stream_head(media_type: str, **extra: str) -> bytes:
    """The head of an answer that comes in chunks."""
    headers = {"content-type": media_type, "transfer-encoding": "chunked", **extra}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode()


def chunk(data: bytes) -> bytes:
    """One chunk; none when there is nothing in it, since an empty one is the end."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def whole(status: int, media_type: str, body: bytes, **extra: str) -> bytes:
    """An answer in one piece."""
    headers = {"content-type": media_type, "content-length": str(len(body)), **extra}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body


@contextmanager
def in_a_thread(upstream: Served) -> Iterator[Served]:
    """Let it listen in a thread of its own, for tests that are not asynchronous."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with upstream.running():
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    yield upstream
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()
