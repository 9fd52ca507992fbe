"""A way to a server that can be made to stall: nothing passes any more, and nothing ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class StallingWay:
    """Where it begins, and the connections on it."""

    url: str = ""
    _pipes: set[asyncio.Task[None]] = field(default_factory=set)

    def stall(self) -> None:
        """Let no byte pass on the connections there are; later ones are as they should be."""
        for pipe in self._pipes:
            pipe.cancel()

    def add(self, pipe: asyncio.Task[None]) -> None:
        self._pipes.add(pipe)


@asynccontextmanager
async def stalling_way(port: int) -> AsyncIterator[StallingWay]:
    """Lead to a port of this machine until the block ends."""
    way = StallingWay()
    writers: list[asyncio.StreamWriter] = []

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, back))
        way.add(asyncio.create_task(_pass_on(reader, back)))
        way.add(asyncio.create_task(_pass_on(there, writer)))

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    way.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield way
    finally:
        way.stall()
        server.close()
        for writer in writers:
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
