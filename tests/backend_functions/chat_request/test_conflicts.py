"""A question whose transaction meets a deadlock with another session's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from psycopg import AsyncConnection, sql

from backend_functions.embedded.postgres import SUPERUSER
from tests.backend_functions.chat_request.conftest import ask, text_of
from tests.backend_functions.conftest import Functions, Person
from tests.conftest import Cluster

pytestmark = pytest.mark.db

Connection = AsyncConnection[tuple[object, ...]]
WAITING = """
select 1 from pg_locks as wanted join pg_locks as held using (pid)
where not wanted.granted and wanted.relation = 'private.running_answers'::regclass
  and held.granted and held.relation = 'public.chats'::regclass
"""


@pytest.fixture(autouse=True)
async def _patience(owner_connection: Connection, database_name: str) -> None:
    """Give the rival time to begin to wait before the functions' session looks for a deadlock."""
    statement = sql.SQL("alter database {} set deadlock_timeout = '3s'")
    await owner_connection.execute(statement.format(sql.Identifier(database_name)))


@pytest.fixture
async def rival(cluster: Cluster, database_name: str) -> AsyncIterator[Connection]:
    """Another session in a transaction, which leaves it to the other to find the deadlock."""
    url = cluster.url(database_name, login=SUPERUSER)
    async with await AsyncConnection.connect(url) as connection:
        await connection.execute("set deadlock_timeout = '10min'")
        yield connection


async def test_a_deadlock_costs_the_question_nothing_but_a_moment(
    functions: Functions,
    alice: Person,
    make_chat: Callable[..., Awaitable[UUID]],
    rival: Connection,
) -> None:
    chat = await make_chat(alice)
    await rival.execute("lock table private.running_answers in access exclusive mode")
    asking = asyncio.create_task(ask(alice, chat))
    # The question's transaction holds its chat and waits for the table ...
    while not await functions.rows(WAITING):
        await asyncio.sleep(0.01)
    # ... and the rival holds the table and waits for the chat.
    await rival.execute("update public.chats set title = 'rival' where id = %s", [chat])
    await rival.commit()

    events = await asking

    assert events[-1][0] == "done"
    assert text_of(events) == "word0 word1 word2 "
    rows = await functions.rows("select role, content from public.messages order by seq")
    assert rows == [("user", "hi"), ("assistant", "word0 word1 word2 ")]
    counts = "select deadlocks from pg_stat_database where datname = current_database()"
    while await functions.rows(counts) != [(1,)]:  # sessions tell of it when they are idle
        await asyncio.sleep(0.05)
