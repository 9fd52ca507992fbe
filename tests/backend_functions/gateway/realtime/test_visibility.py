"""A change is told once others can see it, however long that takes after it is in the log."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import SECRET, Service, until

pytestmark = pytest.mark.db


@pytest.fixture
async def slow_commits(service: Service) -> AsyncIterator[None]:
    """Let commits of this database wait for a standby that never comes, until the test ends."""
    await service.run("set synchronous_commit = local")
    await service.run("alter system set synchronous_standby_names = 'nobody'")
    await service.run("select pg_reload_conf()")
    await until(lambda: _standbys_are(service, "nobody"))
    yield
    await let_commits_go_on(service)


async def _standbys_are(service: Service, names: str) -> bool:
    cursor = await service.owner.execute("show synchronous_standby_names")
    return await cursor.fetchone() == (names,)


async def let_commits_go_on(service: Service) -> None:
    await service.run("alter system reset synchronous_standby_names")
    await service.run("select pg_reload_conf()")
    await until(lambda: _standbys_are(service, ""))


async def test_a_commit_that_is_in_the_log_but_not_visible_yet_is_told_to_all_who_may_see_it(
    service: Service, alice: Caller, slow_commits: None
) -> None:
    async def is_in_the_log() -> bool:
        cursor = await service.owner.execute(
            "select count(*)::int from pg_stat_activity"
            " where wait_event = 'SyncRep' and datname = current_database()"
        )
        return await cursor.fetchone() == (1,)

    async with service.connect() as client, service.connect(key=SECRET) as operator:
        await client.follow(service.token(alice), table="chats")
        await operator.follow(table="chats")
        inserting = asyncio.create_task(service.insert(alice, "chats", title="late"))
        await until(is_in_the_log)
        await asyncio.sleep(0.1)  # the time that telling of it takes when nothing waits
        assert await client.heard() == []

        await let_commits_go_on(service)
        await inserting

        assert (await client.change())["record"]["title"] == "late"
        assert (await operator.change())["record"]["title"] == "late"
