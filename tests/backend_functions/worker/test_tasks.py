"""Tasks come to an end with their jobs, whatever happens, and are begun when they are due."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager

import psycopg
import pytest
from procrastinate.jobs import Job

from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.settings import Settings
from backend_functions.worker.alarms import Alarms
from backend_functions.worker.database import QueueDatabase
from backend_functions.worker.queue import open_app
from tests.backend_functions.worker.conftest import Asker, Working, rows
from tests.support.gateway import RunningGateway
from tests.support.picture_maker import PictureMaker

pytestmark = pytest.mark.db

NEVER = 3600.0
"""Seconds between two looks, where a job is to be begun because somebody told of it."""


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[QueueDatabase]:
    database = QueueDatabase(settings.database_url, max_size=2)
    await database.connector.open_async()
    yield database
    await database.connector.close_async()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(is_so):
            await asyncio.sleep(0.05)


def tasks(gateway: RunningGateway) -> int:
    [row] = rows(gateway, "select count(*) as n from procrastinate.procrastinate_jobs")
    return int(row["n"])


def at_statement(gateway: RunningGateway, part: str, wait: str) -> list[int]:
    """Return the connections whose last statement has a part, and which wait for such a thing."""
    found = rows(
        gateway,
        "select pid from pg_stat_activity where datname = current_database() and"
        " usename = 'authenticator' and strpos(lower(query), %s) > 0 and wait_event_type = %s",
        part,
        wait,
    )
    return [row["pid"] for row in found]


def listening(gateway: RunningGateway) -> int:
    return len(at_statement(gateway, 'listen "procrastinate_any', "Client"))


@contextmanager
def locked_tasks(gateway: RunningGateway) -> Iterator[None]:
    url = gateway.cluster.url(gateway.database, login=SUPERUSER)
    with psycopg.connect(url) as connection:
        connection.execute("select from procrastinate.procrastinate_jobs for update")
        yield


async def test_a_job_is_tried_again_when_it_is_due_and_not_when_workers_next_look(
    alice: Asker, working: Working
) -> None:
    await until(lambda: listening(alice.gateway) == 0)  # of the test before
    async with working(worker_poll_seconds=NEVER):
        await until(lambda: listening(alice.gateway) == 1)
        job = await alice.ended(alice.ask(model="busy-once"))

    assert (job["status"], job["attempt"]) == ("completed", 2)


async def test_what_a_stopped_worker_hands_on_is_taken_up_at_once(
    alice: Asker, working: Working, maker: PictureMaker
) -> None:
    await until(lambda: listening(alice.gateway) == 0)
    job_id = alice.ask(model="waits")
    async with AsyncExitStack() as stack:
        async with working(worker_poll_seconds=NEVER, worker_grace_seconds=0.01):
            await until(lambda: bool(maker.open_streams))
            await stack.enter_async_context(working(worker_poll_seconds=NEVER))
            await until(lambda: listening(alice.gateway) == 2)
        maker.release.set()
        job = await alice.ended(job_id)

    assert (job["status"], job["attempt"]) == ("completed", 1)


async def test_a_task_whose_end_met_a_lost_connection_ends_all_the_same(
    alice: Asker, working: Working, maker: PictureMaker
) -> None:
    job_id = alice.ask(model="waits")
    async with working(worker_slots=1):
        await until(lambda: bool(maker.open_streams))
        with locked_tasks(alice.gateway):
            maker.release.set()
            await alice.ended(job_id)
            await until(lambda: bool(at_statement(alice.gateway, "procrastinate_jobs", "Lock")))
            for process in at_statement(alice.gateway, "procrastinate_jobs", "Lock"):
                rows(alice.gateway, "select pg_terminate_backend(%s)", process)
        await until(lambda: tasks(alice.gateway) == 0)


async def test_a_task_ends_when_its_job_was_cancelled_just_as_it_was_put_off(
    alice: Asker, database: QueueDatabase
) -> None:
    job_id = alice.ask()
    alarms = Alarms(database)
    manager = open_app(database, alarms).job_manager
    worker_id = await manager.register_worker()
    task = await manager.fetch_job(queues=None, worker_id=worker_id)
    assert isinstance(task, Job)
    assert task.task_kwargs == {"job_id": job_id}
    alice.rest("POST", "rpc/cancel_job", json={"job_id": job_id})

    await manager.retry_job(task)

    assert tasks(alice.gateway) == 0
    await manager.unregister_worker(worker_id)
