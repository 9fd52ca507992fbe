"""Both versions of the protocol: joining, leaving, broadcasts, presence, bounds."""

import asyncio
import struct
from collections.abc import Coroutine, Sequence
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend_functions.gateway.realtime.limits import RealtimeLimits
from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import PUBLISHABLE, SECRET, Service, until

pytestmark = pytest.mark.db

ROOM = "realtime:room"


async def one_by_one(asked: Sequence[Coroutine[Any, Any, object]]) -> None:
    """Wait for one after the other; close those that are not reached."""
    try:
        for one in asked:
            await one
    finally:
        for one in asked:
            one.close()


@pytest.fixture
def limits() -> RealtimeLimits:
    return RealtimeLimits(
        max_channels=3,
        joins_per_second=10,
        frames_per_second=60,
        max_frame_bytes=100_000,
        max_waiting_bytes=500_000,
    )


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_heartbeat_join_broadcast_and_leave(service: Service, version: str) -> None:
    async with (
        service.connect(version=version) as one,
        service.connect(version="1.0.0") as other,
    ):
        assert await one.reply("phoenix", "heartbeat") == {"status": "ok", "response": {}}
        joined = await one.join(broadcast={"self": True, "ack": True})
        await other.join()

        message = {"type": "broadcast", "event": "hello", "payload": {"n": 1}}
        assert (await one.reply(ROOM, "broadcast", message))["status"] == "ok"

        assert joined == {"status": "ok", "response": {"postgres_changes": []}}
        assert await one.until("broadcast") == message
        assert await other.until("broadcast") == message
        assert (await one.reply(ROOM, "phx_leave"))["status"] == "ok"
        assert await one.until("phx_close") == {}


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_the_end_of_a_channel_names_its_join_so_that_the_next_one_outlives_it(
    service: Service, version: str
) -> None:
    async with service.connect(version=version) as client:
        first, second = [await client.send(ROOM, "phx_join", {"config": {}}) for _ in range(2)]
        await client.reply(ROOM, "phx_leave")
        ends = [frame for frame in await client.heard() if frame["event"] == "phx_close"]

    assert [end["ref"] for end in ends] == [first, second]


async def test_a_sender_that_did_not_ask_for_it_does_not_hear_itself(service: Service) -> None:
    async with service.connect() as one, service.connect() as other:
        await one.join()
        await other.join()

        await one.send(ROOM, "broadcast", {"type": "broadcast", "event": "e", "payload": {}})

        await other.until("broadcast")
        assert await one.heard() == []


async def test_bytes_are_broadcast_to_those_whose_version_can_carry_them(service: Service) -> None:
    head = struct.pack("!BBBBBBB", 3, 1, 1, len(ROOM), 4, 0, 0)
    async with (
        service.connect(version="2.0.0") as one,
        service.connect(version="2.0.0") as other,
        service.connect(version="1.0.0") as old,
    ):
        for client in (one, other, old):
            await client.join()

        await one.socket.send(head + b"11" + ROOM.encode() + b"blob" + b"\x00\xff")

        heard = await other.next()
        assert heard["data"][:5] == struct.pack("!BBBBB", 4, len(ROOM), 4, 0, 0)
        assert heard["data"].endswith(b"blob\x00\xff")
        assert await old.heard() == []


async def test_broadcasts_by_http_reach_a_channel(service: Service) -> None:
    async with service.connect() as client, httpx.AsyncClient(base_url=service.url) as http:
        await client.join()
        body = {"messages": [{"topic": "room", "event": "many", "payload": {"n": 1}}]}
        path = "/realtime/v1/api/broadcast"

        many = await http.post(path, json=body, headers={"apikey": PUBLISHABLE})
        one = await http.post(
            f"{path}/room/events/one", json={"n": 2}, headers={"apikey": PUBLISHABLE}
        )
        empty = await http.post(path, json={}, headers={"apikey": PUBLISHABLE})
        keyless = await http.post(path, json=body)

        assert [many.status_code, one.status_code] == [202, 202]
        assert [empty.status_code, keyless.status_code] == [422, 401]
        assert (await client.until("broadcast"))["payload"] == {"n": 1}
        assert (await client.until("broadcast"))["event"] == "one"


async def test_presence_tells_who_came_changed_and_went(service: Service) -> None:
    async with service.connect() as watcher:
        await watcher.join(presence={"enabled": True, "key": "watcher"})
        assert await watcher.until("presence_state") == {}
        async with service.connect() as ada:
            await ada.join(presence={"enabled": True, "key": "ada"})
            track: dict[str, Any] = {"type": "presence", "event": "track", "payload": {"at": 1}}
            await ada.reply(ROOM, "presence", track)
            came = await watcher.until("presence_diff")
            await ada.reply(ROOM, "presence", track | {"payload": {"at": 2}})
            changed = await watcher.until("presence_diff")
        went = await watcher.until("presence_diff")

    assert came["joins"]["ada"]["metas"][0]["at"] == 1
    assert came["leaves"] == {}
    assert changed["joins"]["ada"]["metas"][0]["at"] == 2
    assert (
        changed["leaves"]["ada"]["metas"][0]["phx_ref"]
        == came["joins"]["ada"]["metas"][0]["phx_ref"]
    )
    assert went["leaves"]["ada"]["metas"][0]["at"] == 2
    assert went["joins"] == {}


@pytest.mark.parametrize(
    ("key", "version", "status"),
    [("wrong", "1.0.0", 401), ("", "1.0.0", 401), (PUBLISHABLE, "0.1", 400)],
)
async def test_a_connection_without_a_known_key_and_version_is_refused(
    service: Service, key: str, version: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with service.connect(key=key, version=version):
            pass

    assert refused.value.response.status_code == status
    assert b"error" in refused.value.response.body


async def test_joins_and_channels_are_bounded(service: Service) -> None:
    async with service.connect() as client:
        replies = [await client.join(f"room {number}") for number in range(5)]
        assert (await client.reply("realtime:", "phx_join"))["status"] == "error"
        assert (await client.reply("nowhere", "phx_join"))["status"] == "error"

        assert [reply["status"] for reply in replies] == ["ok"] * 3 + ["error"] * 2
        assert replies[3]["response"]["reason"].startswith("ChannelRateLimitReached")
        joins = [client.join(f"again {number}") for number in range(50)]
        with pytest.raises(ConnectionClosed):
            await one_by_one(joins)


@pytest.mark.parametrize("data", ["no json", "[1]", b"\x07", "x" * 100_001, "1" * 20])
async def test_what_is_no_frame_ends_the_connection_and_no_other(
    service: Service, data: str | bytes
) -> None:
    async with service.connect() as other, service.connect(version="2.0.0") as client:
        await client.socket.send(data)

        with pytest.raises(ConnectionClosed):
            await client.next()
        assert (await other.join())["status"] == "ok"


async def test_a_flood_of_frames_ends_the_connection(service: Service) -> None:
    async with service.connect() as client:
        with pytest.raises(ConnectionClosed):
            await one_by_one([client.reply("phoenix", "heartbeat") for _ in range(1000)])


async def test_the_database_broadcasts_when_its_transaction_commits(service: Service) -> None:
    async with service.connect() as client:
        await client.follow(table="chats")

        await service.run("select realtime.send('{\"id\": 7, \"n\": [1]}', 'event', 'room', false)")

        heard = await client.until("broadcast")
        assert (heard["event"], heard["payload"]) == ("event", {"id": 7, "n": [1]})
        assert "id" in heard["meta"]


async def test_a_private_channel_is_for_those_whom_its_policies_admit(
    service: Service, alice: Caller, bob: Caller
) -> None:
    await service.run(
        "create policy own_topic on realtime.messages for select to authenticated"
        " using (realtime.topic() = (select auth.uid())::text)"
    )
    own, path = str(alice.user_id), "/realtime/v1/api/broadcast"
    topic = f"realtime:{own}"
    message = {"topic": own, "event": "e", "payload": {"n": 1}, "private": True}
    async with (
        service.connect() as owner,
        service.connect() as stranger,
        service.connect() as public,
        httpx.AsyncClient(base_url=service.url) as http,
    ):
        assert (await owner.join(own, token=service.token(alice), private=True))["status"] == "ok"
        refused = await stranger.join(own, token=service.token(bob), private=True)
        await public.join(own)
        speak = {"type": "broadcast", "event": "mine", "payload": {}}
        await owner.send(topic, "broadcast", speak)  # may listen, not speak
        for key in (PUBLISHABLE, SECRET):
            sent = await http.post(path, json={"messages": [message]}, headers={"apikey": key})
            assert sent.status_code == 202

        assert refused["response"]["reason"] == (
            f"Unauthorized: You do not have permissions to read from this Channel topic: {own}"
        )
        assert (await owner.until("broadcast"))["payload"] == {"n": 1}  # the service's, once
        assert await owner.heard() == []
        assert await public.heard() == []

        await service.run(
            "create policy own_speech on realtime.messages for insert to authenticated"
            " with check (realtime.topic() = (select auth.uid())::text)"
        )
        await owner.send(topic, "access_token", {"access_token": service.token(alice)})
        async with service.connect(key=SECRET) as operator:
            await operator.join(own, private=True)
            await owner.reply("phoenix", "heartbeat")
            await owner.send(topic, "broadcast", speak)
            assert (await operator.until("broadcast"))["event"] == "mine"


async def test_whoever_reads_too_slowly_is_dropped_and_stops_nobody(service: Service) -> None:
    async with (
        service.connect(max_queue=1, compression=None) as slow,
        service.connect() as speaker,
        service.connect() as listener,
    ):
        for client in (slow, listener):
            await client.join()
        slow.socket.transport.pause_reading()
        text = {"type": "broadcast", "event": "e", "payload": {"text": "x" * 90_000}}
        await speaker.join(broadcast={"ack": True})

        for _ in range(400):
            await speaker.reply(ROOM, "broadcast", text)
            await listener.until("broadcast")
            if len(service.realtime.hub) == 2:
                break
            await asyncio.sleep(0.02)  # to keep the pace

        async def is_dropped() -> bool:
            return len(service.realtime.hub) == 2

        await until(is_dropped)
        slow.socket.transport.abort()
