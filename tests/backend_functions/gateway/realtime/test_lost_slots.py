"""A slot that is lost, whichever way, is made anew; the clients are told, and no disk is held."""

import asyncio
import os
import signal
import sys

import pytest
from websockets.exceptions import ConnectionClosed

from backend_functions.gateway.realtime import feed
from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import Service, until
from tests.conftest import Cluster
from tests.support.phoenix import PhoenixClient

pytestmark = pytest.mark.db

SLOTS = "from pg_replication_slots where database = current_database()"


async def one(service: Service, statement: str) -> object:
    cursor = await service.owner.execute(statement.encode())
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def close_code(client: PhoenixClient) -> int | None:
    """Wait until the server closes the connection."""
    with pytest.raises(ConnectionClosed) as closed:
        await client.until("nothing of this name")
    return closed.value.rcvd.code if closed.value.rcvd else None


async def follows_again(service: Service, alice: Caller) -> bool:
    """Tell whether who comes again hears of what happens then."""
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")
        await service.insert(alice, "chats", title="afterwards")
        return bool((await client.change())["record"]["title"] == "afterwards")


async def test_a_reader_that_lags_too_far_loses_its_slot_and_comes_again(
    service: Service, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    deliver = service.realtime.hub._delivery.deliver

    async def deliver_late(*given: object) -> int:
        await go_on.wait()
        return await deliver(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(service.realtime.hub._delivery, "deliver", deliver_late)
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")
        lagging = await one(service, f"select slot_name {SLOTS}")
        await service.insert(alice, "chats", title="what is handled late")
        for _ in range(18):  # more than the 256 MB that are kept for it
            await service.run("select pg_logical_emit_message(false, 'test', 'x')")
            await service.run("select pg_switch_wal()")
        await service.run("checkpoint")

        async def is_lost() -> bool:
            known = f"select count(*) {SLOTS} and slot_name = '{lagging}' and active"
            return await one(service, known) == 0

        await until(is_lost)
        go_on.set()

        assert await close_code(client) == 1012
    assert await follows_again(service, alice)
    assert await one(service, f"select count(*) {SLOTS} and slot_name = '{lagging}'") == 0
    assert await one(service, f"select bool_and(wal_status = 'reserved') {SLOTS}") is True


async def test_a_server_that_was_killed_leaves_no_slot_behind(
    service: Service, cluster: Cluster, database_name: str
) -> None:
    program = """
import asyncio, sys
from backend_functions.gateway.realtime.feed import open_feed

async def read():
    async with open_feed(sys.argv[1], ("supabase_realtime",)):
        await asyncio.Event().wait()

asyncio.run(read())
"""
    url = cluster.url(database_name, login="postgres")
    reading = await asyncio.create_subprocess_exec(sys.executable, "-c", program, url)
    try:

        async def has_slot() -> bool:
            return await one(service, f"select count(*) {SLOTS} and active") == 1

        await until(has_slot)
    finally:
        reading.kill()
        await reading.wait()

    async def has_none() -> bool:
        return await service.slots() == 0

    await until(has_none)


@pytest.mark.parametrize("side", ["the database", "the server"])
async def test_a_side_that_says_nothing_is_taken_for_dead(
    service: Service, alice: Caller, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    async with service.connect() as client:
        monkeypatch.setattr(feed, "_SILENT_SECONDS", 1)
        if side == "the server":  # it reads nothing more, and answers nothing
            monkeypatch.setattr(feed.Feed, "_confirm", lambda self: None)
        await client.follow(service.token(alice), table="chats")
        before = await one(service, f"select slot_name {SLOTS}")
        sender = int(str(await one(service, f"select active_pid {SLOTS}")))
        if side == "the database":
            os.kill(sender, signal.SIGSTOP)
        try:
            assert await close_code(client) == 1012
        finally:
            if side == "the database":
                os.kill(sender, signal.SIGCONT)
        monkeypatch.undo()

        async def is_gone() -> bool:
            return await one(service, f"select count(*) {SLOTS} and slot_name = '{before}'") == 0

        await until(is_gone)
    assert await follows_again(service, alice)
