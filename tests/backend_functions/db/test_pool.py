import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from backend_functions.db.pool import Connection, Database
from backend_functions.errors import Unavailable
from backend_functions.types import ANONYMOUS, SERVICE, Caller
from tests.conftest import Cluster, make_user

pytestmark = pytest.mark.db

WHO = """
select current_user::text as role,
  nullif(current_setting('request.jwt.claim.sub', true), '')::uuid as uid,
  nullif(current_setting('request.jwt.claims', true), '') as claims,
  current_setting('transaction_read_only') as read_only,
  pg_backend_pid() as pid
"""


@pytest.fixture
async def single(cluster: Cluster, database_name: str) -> AsyncIterator[Database]:
    """Give a pool of one connection: whatever a caller leaves behind, the next one meets."""
    database = Database(cluster.url(database_name), max_size=1, wait_seconds=0.5)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def alice(owner_connection: AsyncConnection[tuple[object, ...]]) -> Caller:
    return await make_user(owner_connection, "alice@example.com")


@pytest.fixture
async def bob(owner_connection: AsyncConnection[tuple[object, ...]]) -> Caller:
    return await make_user(owner_connection, "bob@example.com")


async def who(connection: Connection) -> dict[str, Any]:
    row = await (await connection.execute(WHO)).fetchone()
    assert row is not None
    return row


async def assert_only(database: Database, caller: Caller) -> None:
    async with database.act_as(caller) as connection:
        found = await who(connection)
    assert (found["role"], found["uid"]) == (caller.role, caller.user_id)
    assert found["read_only"] == "off"


async def test_who_acts_is_known_only_within_the_transaction(
    single: Database, alice: Caller, bob: Caller
) -> None:
    for caller in (alice, bob, ANONYMOUS, SERVICE, alice):
        await assert_only(single, caller)

    async with single.act_as(ANONYMOUS) as connection:
        raw = connection
    found = await who(raw)  # the pool's connection, between two callers
    assert (found["role"], found["uid"], found["claims"]) == ("authenticator", None, None)


async def test_a_caller_whose_statement_fails_leaves_nothing_to_the_next(
    single: Database, alice: Caller, bob: Caller
) -> None:
    async def fail_as_alice() -> None:
        async with single.as_user(alice) as connection:
            await connection.execute("insert into public.chats (title) values ('hers')")
            await connection.execute("select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        await fail_as_alice()

    await assert_only(single, bob)
    async with single.as_user(alice) as connection:
        assert await (await connection.execute("select 1 from public.chats")).fetchall() == []


async def test_a_caller_whose_program_fails_leaves_nothing_to_the_next(
    single: Database, alice: Caller, bob: Caller
) -> None:
    with pytest.raises(RuntimeError):
        async with single.act_as(alice, read_only=True):
            raise RuntimeError

    await assert_only(single, bob)


async def test_a_caller_who_goes_away_leaves_nothing_to_the_next(
    single: Database, alice: Caller, bob: Caller
) -> None:
    inside = asyncio.Event()

    async def wait_as_alice() -> None:
        async with single.as_user(alice) as connection:
            await connection.execute("insert into public.chats (title) values ('hers')")
            inside.set()
            await connection.execute("select pg_sleep(30)")

    task = asyncio.create_task(wait_as_alice())
    await inside.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await assert_only(single, bob)
    async with single.as_service() as connection:
        assert await (await connection.execute("select 1 from public.chats")).fetchall() == []


async def test_a_role_taken_by_a_statement_does_not_outlive_the_transaction(
    single: Database, alice: Caller, bob: Caller
) -> None:
    async with single.as_user(alice) as connection:
        await connection.execute("set local role service_role")
        assert (await who(connection))["role"] == "service_role"

    await assert_only(single, bob)


_ACT = "private.act_as_user(%(claims)s, %(user_id)s)"


async def test_a_statement_that_takes_its_role_itself_leaves_nothing_to_the_next(
    single: Database, alice: Caller, bob: Caller
) -> None:
    async with single.act_as(ANONYMOUS) as connection:
        raw = connection

    await single.call_as_user(f"select {_ACT}", alice)
    assert (await who(raw))["role"] == "authenticator"
    with pytest.raises(psycopg.errors.DivisionByZero):
        await single.call_as_user(f"select 1 / ({_ACT} is null)::int", alice)
    assert (await who(raw))["claims"] is None
    await assert_only(single, bob)


async def test_what_a_caller_writes_is_there_for_their_next_transaction(
    single: Database, alice: Caller, bob: Caller
) -> None:
    async with single.as_user(alice) as connection:
        await connection.execute("insert into public.chats (title) values ('hers')")

    for caller, titles in ((alice, ["hers"]), (bob, [])):
        async with single.as_user(caller) as connection:
            rows = await (await connection.execute("select title from public.chats")).fetchall()
        assert [row["title"] for row in rows] == titles


@pytest.mark.parametrize(
    "caller",
    [
        ANONYMOUS,
        SERVICE,
        Caller("authenticated", {"role": "authenticated"}),
        Caller("service_role", {}, UUID(int=1)),
    ],
    ids=["anonymous", "service", "no user", "service with a user"],
)
async def test_nobody_but_a_signed_in_user_acts_as_a_user(single: Database, caller: Caller) -> None:
    with pytest.raises(ValueError, match="signed-in user"):
        async with single.as_user(caller):
            pass
    with pytest.raises(ValueError, match="signed-in user"):
        await single.call_as_user("select 1", caller)


@pytest.mark.parametrize("role", ["postgres", "supabase_admin", "none", "nobody-at-all"])
async def test_the_pools_login_takes_no_role_beyond_its_own(single: Database, role: str) -> None:
    caller = Caller(role, {})  # type: ignore[arg-type]

    if role == "none":  # which means the login itself, and that may do nothing
        async with single.act_as(caller) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with connection.transaction():
                    await connection.execute("select 1 from public.chats")
        return
    with pytest.raises(psycopg.Error):
        async with single.act_as(caller):
            pass


async def test_claims_of_one_token_do_not_speak_for_another_user(
    single: Database, alice: Caller, bob: Caller
) -> None:
    mixed = Caller("authenticated", {**alice.claims, "sub": str(bob.user_id)}, alice.user_id)

    async with single.as_user(mixed) as connection:
        row = await (await connection.execute("select auth.uid() as uid")).fetchone()
    assert row == {"uid": alice.user_id}


async def test_a_transaction_that_only_reads_refuses_writes(
    single: Database, alice: Caller
) -> None:
    async with single.act_as(alice, read_only=True) as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            async with connection.transaction():
                await connection.execute("insert into public.chats (title) values ('t')")

    await assert_only(single, alice)


async def test_what_is_read_in_one_trip_is_read_as_the_caller_who_leaves_nothing(
    single: Database, alice: Caller, bob: Caller
) -> None:
    for caller in (alice, bob, ANONYMOUS, SERVICE):
        found = await single.read_as(caller, ("select 1", {}), (WHO, {}))
        assert found is not None
        assert (found["role"], found["uid"]) == (caller.role, caller.user_id)
        assert found["read_only"] == "on"

    write = "insert into public.chats (title) values (%(title)s)"
    for wrong, refusal in (
        (("select 1 / 0", {}), psycopg.errors.DivisionByZero),
        ((write, {"title": "t"}), psycopg.errors.ReadOnlySqlTransaction),
    ):
        with pytest.raises(refusal):
            await single.read_as(alice, wrong, (WHO, {}))
        await assert_only(single, bob)


async def test_without_a_free_connection_the_service_is_unavailable(
    single: Database, alice: Caller
) -> None:
    async with single.as_user(alice):
        with pytest.raises(Unavailable):
            async with single.as_service():
                pass
        with pytest.raises(Unavailable):
            await single.read_as(alice, (WHO, {}))

    await assert_only(single, alice)


async def test_a_connection_that_was_cut_is_replaced_by_a_new_one(
    single: Database, alice: Caller, owner_connection: AsyncConnection[tuple[object, ...]]
) -> None:
    async with single.as_user(alice) as connection:
        before = await who(connection)

    await owner_connection.execute("select pg_terminate_backend(%s, 5000)", (before["pid"],))

    async with single.as_user(alice) as connection:
        after = await who(connection)
    assert after["pid"] != before["pid"]
    assert after["uid"] == alice.user_id


async def test_a_transaction_that_was_cut_fails_and_the_next_one_works(
    single: Database, alice: Caller, owner_connection: AsyncConnection[tuple[object, ...]]
) -> None:
    async def be_cut_off() -> None:
        async with single.as_user(alice) as connection:
            pid = (await who(connection))["pid"]
            await owner_connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))
            await connection.execute("insert into public.chats (title) values ('t')")

    with pytest.raises(psycopg.OperationalError):
        await be_cut_off()

    await assert_only(single, alice)


async def test_connections_that_were_all_lost_are_replaced_without_a_wait_for_each(
    cluster: Cluster,
    database_name: str,
    alice: Caller,
    owner_connection: AsyncConnection[tuple[object, ...]],
) -> None:
    database = Database(cluster.url(database_name), max_size=5, wait_seconds=2.5)
    await database.open()
    async with AsyncExitStack() as held:
        for _ in range(5):
            connection = await held.enter_async_context(database.as_service())
            await connection.execute("select 1")
    await owner_connection.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where usename = 'authenticator' and datname = current_database()"
    )

    await assert_only(database, alice)

    await database.close()


async def test_a_server_that_comes_up_while_somebody_waits_is_found_at_once(
    cluster: Cluster, database_name: str, alice: Caller
) -> None:
    door = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    url = cluster.url(database_name).replace(f":{cluster.port}/", f":{port}/")
    database = Database(url, wait_seconds=30)
    await database.open()
    asking = asyncio.ensure_future(assert_only(database, alice))
    await asyncio.sleep(0.3)  # longer than it takes to be refused
    assert not asking.done()

    door.close()
    await door.wait_closed()
    async with forwarding(port, cluster.port):
        await asking
        await database.close()


@asynccontextmanager
async def forwarding(port: int, to: int) -> AsyncIterator[None]:
    """Let whoever connects to a port speak to another one."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(65536):
            writer.write(block)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", port)
    async with server:
        yield


async def test_a_dead_server_is_unavailable(cluster: Cluster, database_name: str) -> None:
    database = Database(
        cluster.url(database_name).replace(f":{cluster.port}/", ":1/"), wait_seconds=0.2
    )
    await database.open()

    with pytest.raises(Unavailable):
        async with database.as_service():
            pass

    await database.close()
