"""Transactions that really conflict: what is tried again, and how often."""

from collections.abc import AsyncIterator

import pytest
from psycopg import AsyncConnection
from psycopg.errors import SerializationFailure, UniqueViolation

from backend_functions.db.conflicts import once_more_on_conflict
from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster

pytestmark = pytest.mark.db

Connection = AsyncConnection[tuple[object, ...]]
ADD = "update counts set number = number + 1 returning number"


@pytest.fixture
async def rival(cluster: Cluster, database_name: str) -> AsyncIterator[Connection]:
    """Another session, whose writes are committed at once."""
    url = cluster.url(database_name, login=SUPERUSER)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("create table counts as select 0 as number")
        yield connection


class Adding:
    """Adds 1 in a transaction, in the midst of which a rival adds 1 too, so many times."""

    def __init__(self, own: Connection, rival: Connection, conflicts: int) -> None:
        self.own, self.rival, self.conflicts = own, rival, conflicts
        self.tries = 0

    async def __call__(self) -> object:
        self.tries += 1
        async with self.own.transaction():
            await self.own.execute("set transaction isolation level repeatable read")
            await self.own.execute("select number from counts")
            if self.tries <= self.conflicts:
                await self.rival.execute(ADD)
            row = await (await self.own.execute(ADD)).fetchone()
        assert row is not None
        return row[0]


async def test_the_victim_of_a_conflict_is_run_once_more(
    owner_connection: Connection, rival: Connection
) -> None:
    adding = Adding(owner_connection, rival, conflicts=1)

    assert await once_more_on_conflict(adding) == 2
    assert adding.tries == 2


async def test_two_conflicts_in_a_row_are_told(
    owner_connection: Connection, rival: Connection
) -> None:
    adding = Adding(owner_connection, rival, conflicts=5)

    with pytest.raises(SerializationFailure):
        await once_more_on_conflict(adding)

    assert adding.tries == 2


async def test_what_is_wrong_for_another_reason_is_not_tried_again(
    owner_connection: Connection, rival: Connection
) -> None:
    await rival.execute("create unique index on counts (number)")
    tries = 0

    async def insert() -> None:
        nonlocal tries
        tries += 1
        await owner_connection.execute("insert into counts values (0)")

    with pytest.raises(UniqueViolation):
        await once_more_on_conflict(insert)

    assert tries == 1
