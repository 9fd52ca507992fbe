"""The stream of changes: it costs nothing when nobody listens, and holds nothing back."""

import pytest

from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import SECRET, Service, until

pytestmark = pytest.mark.db


async def test_nothing_is_decoded_before_somebody_listens_nor_a_while_after(
    service: Service, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_functions.gateway.realtime.hub._LINGER_SECONDS", 0.05)
    assert await service.slots() == 0

    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")
        assert await service.slots() == 1

    async def is_quiet() -> bool:
        return await service.slots() == 0

    await until(is_quiet)
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")
        await service.insert(alice, "chats", title="again")
        assert (await client.change())["record"]["title"] == "again"


async def test_the_slot_ends_with_its_connection_and_cannot_keep_more_than_its_share(
    service: Service, alice: Caller
) -> None:
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")

        cursor = await service.owner.execute(
            "select temporary, wal_status, current_setting('max_slot_wal_keep_size'),"
            " current_setting('wal_level') from pg_replication_slots"
            " where database = current_database()"
        )
        assert await cursor.fetchall() == [(True, "reserved", "256MB", "logical")]


async def test_a_transaction_of_thousands_of_rows_arrives_whole_and_in_order(
    service: Service, alice: Caller
) -> None:
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats", event="INSERT")

        await service.run(
            "insert into chats (user_id, title) select %s, n from generate_series(1, 1200) n",
            alice.user_id,
        )

        titles = [(await client.change())["record"]["title"] for _ in range(1200)]
        assert titles == [str(number) for number in range(1, 1201)]


async def test_a_failing_policy_shows_nothing_and_stops_nobody_else(
    service: Service, alice: Caller
) -> None:
    await service.run(
        "create policy fails on chats as restrictive for select to authenticated"
        " using (1 / (length(title) - length(title)) = 0)"
    )
    async with service.connect() as client, service.connect(key=SECRET) as operator:
        await client.follow(service.token(alice), table="chats")
        await operator.follow(table="chats")

        await service.run("insert into chats (user_id, title) values (%s, 't')", alice.user_id)
        assert (await operator.change())["type"] == "INSERT"
        await service.run("delete from chats")
        assert (await operator.change())["type"] == "DELETE"

        assert await client.heard() == []


async def test_each_event_and_filter_gets_what_it_asked_for_and_no_more(
    service: Service, alice: Caller
) -> None:
    bindings = [
        {"event": "INSERT", "schema": "public", "table": "jobs"},
        {"event": "UPDATE", "schema": "public", "table": "jobs", "filter": "status=eq.undecided"},
        {"event": "*", "schema": "public", "table": "chats", "filter": "title=in.(a,b)"},
        {"event": "*", "schema": "public", "table": "chats", "select": ["title"]},
    ]
    async with service.connect() as client:
        reply = await client.join(token=service.token(alice), postgres_changes=bindings)
        assert reply["response"]["postgres_changes"][0]["event"] == "INSERT"
        refused = await client.until("system")

        bindings.pop(1)
        reply = await client.join(token=service.token(alice), postgres_changes=bindings)
        ids = [one["id"] for one in reply["response"]["postgres_changes"]]
        assert await client.until("system", status="ok")
        for title in "abc":
            await service.insert(alice, "chats", title=title)
        job = await service.insert(alice, "jobs", job_type="t", input_data='{"n": [1, null]}')
        told = [await client.until("postgres_changes") for _ in range(6)]

    assert refused["status"] == "error"
    assert "status" in str(refused["message"])
    assert 0 not in ids
    assert [(one["ids"], one["data"]["record"].get("title")) for one in told[:5]] == [
        ([ids[1]], "a"),
        ([ids[2]], "a"),
        ([ids[1]], "b"),
        ([ids[2]], "b"),
        ([ids[2]], "c"),
    ]
    assert set(told[1]["data"]["record"]) == {"id", "title"}
    assert told[5]["ids"] == [ids[0]]
    assert told[5]["data"]["record"]["input_data"] == {"n": [1, None]}
    assert told[5]["data"]["record"]["id"] == job


async def test_a_row_that_is_too_large_comes_without_its_large_values(
    service: Service, alice: Caller
) -> None:
    chat = await service.insert(alice, "chats", title="t")
    async with service.connect() as client:
        await client.follow(service.token(alice), table="messages")

        message = await service.insert(
            alice, "messages", chat_id=chat, role="user", content="x" * 1_100_000
        )
        change = await client.change()

    assert change["errors"] == ["Error 413: Payload Too Large"]
    assert change["record"]["id"] == message
    assert "content" not in change["record"]
