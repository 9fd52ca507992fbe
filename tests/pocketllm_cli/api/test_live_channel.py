"""The connection to Realtime leaves nothing behind, however it is left."""

import asyncio
from contextlib import suppress

import psutil
from websockets.asyncio.server import ServerConnection, serve

from pocketllm_cli.api.live_channel import open_channel
from pocketllm_cli.models import Endpoint


async def test_a_connection_is_closed_also_when_whoever_closes_it_is_cancelled() -> None:
    served: list[ServerConnection] = []
    is_over = asyncio.Event()

    async def hear_nothing(connection: ServerConnection) -> None:
        connection.transport.pause_reading()  # so that closing it takes its time
        served.append(connection)
        await is_over.wait()

    async def hold(endpoint: Endpoint) -> None:
        async with open_channel(endpoint):
            await is_over.wait()

    async with asyncio.timeout(20), serve(hear_nothing, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        holding = asyncio.create_task(hold(Endpoint(url, "key", url)))
        while not served:
            await asyncio.sleep(0.01)
        holding.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        holding.cancel()
        with suppress(asyncio.CancelledError):
            await holding
        await asyncio.sleep(0)

        open_ones = psutil.Process().net_connections()
        assert [one for one in open_ones if one.raddr and one.raddr.port == port] == []
        served[0].transport.abort()
        is_over.set()
