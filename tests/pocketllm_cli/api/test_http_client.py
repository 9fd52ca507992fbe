import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx

from pocketllm_cli.api.http_client import ClosingClient


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[tuple[str, set[asyncio.StreamWriter]]]:
    """Answer every request with the same bytes; gives the address and who is still connected."""
    connected: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.add(writer)
        with suppress(ConnectionError):
            while await reader.read(65536):
                writer.write(answer)
        connected.discard(writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/", connected


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_client_that_is_closed_at_any_moment_of_a_request_leaves_no_connection() -> None:
    async with server(ANSWER) as (url, connected):
        for moment in range(1, 60):
            client = ClosingClient(trust_env=False, verify=False)
            asking = asyncio.create_task(client.get(url))
            for _ in range(moment):
                await asyncio.sleep(0)

            await client.aclose()

            assert asking.done()
            assert asking.cancelled() or asking.result().text == "ok"

        async with asyncio.timeout(20):
            while connected:
                await asyncio.sleep(0.01)


async def test_whoever_closes_the_client_amid_its_own_request_is_not_cancelled() -> None:
    client = ClosingClient(trust_env=False, verify=False)

    async def close(response: httpx.Response) -> None:
        await client.aclose()

    client.event_hooks = {"response": [close]}
    async with server(ANSWER) as (url, _):
        answered = await client.get(url)
    assert answered.status_code == 200
    assert client.is_closed


async def test_a_client_is_closed_although_whoever_closes_it_is_cancelled() -> None:
    async with server(b"") as (url, connected):  # which never answers
        client = ClosingClient(trust_env=False, verify=False)
        asking = asyncio.create_task(client.get(url))
        while not connected:
            await asyncio.sleep(0.01)
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)  # it waits for the request to end now

        closing.cancel()
        await asyncio.wait([asking, closing])

        assert client.is_closed
        async with asyncio.timeout(20):
            while connected:
                await asyncio.sleep(0.01)
