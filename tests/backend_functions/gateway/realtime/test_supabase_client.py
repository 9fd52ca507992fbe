"""supabase-py's own Realtime client, unmodified."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from realtime import AsyncRealtimeClient, RealtimePostgresChangesListenEvent

from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import PUBLISHABLE, Service
from tests.support.phoenix import PATIENCE

# The client reads an attribute that `websockets` calls deprecated whenever a connection is lost.
pytestmark = [pytest.mark.db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ALL = RealtimePostgresChangesListenEvent.All


@pytest.fixture
async def client(service: Service, alice: Caller) -> AsyncIterator[AsyncRealtimeClient]:
    made = AsyncRealtimeClient(
        f"{service.url}/realtime/v1", PUBLISHABLE, initial_backoff=0.05, max_retries=20
    )
    await made.connect()
    await made.set_auth(service.token(alice))
    yield made
    await made.close()


async def test_it_is_told_of_changes_and_again_after_the_feed_was_lost(
    service: Service, client: AsyncRealtimeClient, alice: Caller
) -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()
    ready: asyncio.Queue[Any] = asyncio.Queue()

    async def next_of(queue: asyncio.Queue[Any]) -> Any:
        return await asyncio.wait_for(queue.get(), PATIENCE)

    channel = client.channel("room").on_postgres_changes(ALL, told.put_nowait, table="chats")
    await channel.on_system(ready.put_nowait).subscribe()
    await next_of(ready)
    await service.insert(alice, "chats", title="before")
    before = await next_of(told)

    await service.run(
        "select pg_terminate_backend(active_pid) from pg_replication_slots"
        " where database = current_database()"
    )
    await next_of(ready)
    await service.insert(alice, "chats", title="after")
    after = await next_of(told)

    assert before["data"]["record"]["title"] == "before"
    assert after["data"]["record"]["title"] == "after"


async def test_it_broadcasts_and_tracks_presence(
    service: Service, client: AsyncRealtimeClient
) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    synced: asyncio.Queue[Any] = asyncio.Queue()
    other = AsyncRealtimeClient(f"{service.url}/realtime/v1", PUBLISHABLE)
    await other.connect()
    listening = other.channel("room").on_broadcast("hello", heard.put_nowait)
    await listening.on_presence_sync(lambda: synced.put_nowait(None)).subscribe()
    speaking = await client.channel("room").subscribe()

    await speaking.send_broadcast("hello", {"n": 1})
    await speaking.http_send("hello", {"n": 2})
    await speaking.track({"at": "home"})

    assert [(await heard.get())["payload"] for _ in range(2)] == [{"n": 1}, {"n": 2}]
    async with asyncio.timeout(PATIENCE):
        while not listening.presence_state():
            await synced.get()
    (metas,) = listening.presence_state().values()
    assert metas[0]["at"] == "home"  # type: ignore[typeddict-item]
    await other.close()
