"""A pooler in transaction mode, as unkind as one may be, in front of a PostgreSQL.

Each transaction of a client goes to another connection of the server than the one before, where
other clients have been meanwhile. Whoever relies on anything but the transaction is found out.
"""

import asyncio
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socket import socket

import psycopg

from tests.conftest import Cluster

_SSL_OR_GSS = (80877103, 80877104)
_ASK_FOR_READY = b"QSF"
"""Query, Sync, FunctionCall: each is answered by one ReadyForQuery."""


@dataclass(slots=True)
class Pooler:
    """Where it listens, and the connections it shares out."""

    database: str
    connections: list[psycopg.Connection[tuple[object, ...]]] = field(default_factory=list)
    port: int = 0
    transactions: int = 0
    end: Callable[[], None] = lambda: None

    def url(self, cluster: Cluster) -> str:
        """Return the address for the login of the servers."""
        return cluster.url(self.database).replace(f":{cluster.port}/", f":{self.port}/")

    def ask_each(self, statement: str) -> list[tuple[object, ...]]:
        """Serve nobody any more, and run a statement on each connection."""
        self.end()
        rows = [each.execute(statement.encode()).fetchone() for each in self.connections]
        return [row for row in rows if row is not None]


@contextmanager
def running_pooler(cluster: Cluster, database: str, *, size: int) -> Iterator[Pooler]:
    """Run one until the block ends."""
    pooler, ready = Pooler(database), threading.Event()
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    for _ in range(size):
        connection = psycopg.connect(cluster.url(database), autocommit=True, sslmode="disable")
        pooler.connections.append(connection)

    async def serve() -> None:
        free: asyncio.Queue[_Line] = asyncio.Queue()
        door = _Door(pooler, free)
        for connection in pooler.connections:
            await free.put(await _Line.over(connection))

        server = await asyncio.start_server(door.meet, "127.0.0.1", 0)
        pooler.port = server.sockets[0].getsockname()[1]
        async with server:
            ready.set()
            await over.wait()
        await door.see_off()
        for _ in pooler.connections:
            await (await free.get()).close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    def end() -> None:
        if thread.is_alive():
            loop.call_soon_threadsafe(over.set)
            thread.join()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30), "the pooler did not start"
    pooler.end = end
    try:
        yield pooler
    finally:
        end()
        for connection in pooler.connections:
            connection.close()


class _Line:
    """One end of a connection, message by message."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._messages: asyncio.Queue[tuple[bytes, bytes] | None] = asyncio.Queue()
        self._pump: asyncio.Task[None] | None = None
        self._ahead: asyncio.Task[tuple[bytes, bytes] | None] | None = None

    @classmethod
    async def over(cls, connection: psycopg.Connection[tuple[object, ...]]) -> "_Line":
        """Speak over a connection that libpq has logged in, which goes on to own its socket."""
        own = socket(fileno=connection.fileno())
        copy = own.dup()
        own.detach()
        line = cls(*await asyncio.open_connection(sock=copy))
        line.start()
        return line

    def start(self) -> None:
        """Begin to read messages."""
        self._pump = asyncio.create_task(self._read_all())

    def ahead(self) -> "asyncio.Task[tuple[bytes, bytes] | None]":
        """Return what the next message will be: its kind and all of it; None at the end."""
        if self._ahead is None:
            self._ahead = asyncio.create_task(self._messages.get())
        return self._ahead

    def take(self) -> tuple[bytes, bytes] | None:
        """Return the next message, which is there."""
        taken, self._ahead = self.ahead().result(), None
        return taken

    async def close(self) -> None:
        """Read and write no more."""
        for task in filter(None, (self._pump, self._ahead)):
            task.cancel()
            await asyncio.wait([task])
        self.writer.close()

    async def _read_all(self) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = await self.reader.readexactly(5)
                body = await self.reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
                await self._messages.put((head[:1], head + body))
        await self._messages.put(None)


@dataclass(slots=True)
class _Client:
    pooler: Pooler
    free: "asyncio.Queue[_Line]"
    line: _Line

    async def serve(self) -> None:
        await self._greet()
        self.line.start()
        while (asked := await self._ask()) is not None and asked[0] != b"X":
            server = await self.free.get()
            try:
                await self._run_transaction(server, asked)
            finally:
                await self.free.put(server)

    async def _ask(self) -> tuple[bytes, bytes] | None:
        await self.line.ahead()
        return self.line.take()

    async def _greet(self) -> None:
        """Let everybody in, as whoever the connections are."""
        while True:
            size, code = struct.unpack("!II", await self.line.reader.readexactly(8))
            await self.line.reader.readexactly(size - 8)
            if code not in _SSL_OR_GSS:
                break
            self.line.writer.write(b"N")
        known = {"server_version": "18.0", "client_encoding": "UTF8", "TimeZone": "UTC"}
        told = [
            _message(b"S", f"{name}\0{value}\0".encode())
            for name, value in (known | {"standard_conforming_strings": "on"}).items()
        ]
        self.line.writer.write(_message(b"R", struct.pack("!I", 0)) + b"".join(told))
        self.line.writer.write(_message(b"K", bytes(8)) + _message(b"Z", b"I"))
        await self.line.writer.drain()

    async def _run_transaction(self, server: _Line, asked: tuple[bytes, bytes]) -> None:
        """Hand messages on in both directions until the transaction is over."""
        more: tuple[bytes, bytes] | None = asked
        awaited = 0
        while True:
            if more is not None:
                server.writer.write(more[1])
                awaited += more[0] in _ASK_FOR_READY
                more = None
            ends = [server.ahead(), self.line.ahead()]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if server.ahead().done():
                told = server.take()
                assert told is not None, "PostgreSQL stays"
                self.line.writer.write(told[1])
                awaited -= told[0] == b"Z"
                if told[0] == b"Z" and told[1][-1:] == b"I" and awaited == 0:
                    self.pooler.transactions += 1
                    return
            elif (more := self.line.take()) is None:
                raise ConnectionError("the client left in a transaction")


@dataclass(slots=True)
class _Door:
    pooler: Pooler
    free: "asyncio.Queue[_Line]"
    met: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met.add(asyncio.current_task())
        line = _Line(reader, writer)
        with suppress(asyncio.IncompleteReadError, OSError):
            await _Client(self.pooler, self.free, line).serve()
        await line.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def see_off(self) -> None:
        """Wait for whoever has left to be gone."""
        if going := [task for task in self.met if task is not None]:
            await asyncio.wait(going, timeout=10)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body
