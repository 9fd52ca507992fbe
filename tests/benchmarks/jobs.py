"""Jobs: how soon they are taken, how many workers do, what finished ones cost, when one hears."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import psycopg

from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.settings import ImageKey, Limits, Settings, parse_master_keys
from tests.benchmarks.figures import report
from tests.conftest import Cluster, running_cluster
from tests.sql.databases import new_database
from tests.support.gateway import Person, RunningGateway, running_gateway
from tests.support.phoenix import phoenix
from tests.support.picture_maker import PictureMaker
from tests.support.worker import running_worker

ASKED = 100
JOBS = 200
FINISHED = 1_000_000
ROUNDS = 5
INPUT = '{"prompt": "a cat", "modelId": "any"}'


@dataclass(frozen=True, slots=True)
class Project:
    """A database with its gateway, one of its users, and a login with every right."""

    gateway: RunningGateway
    person: Person
    admin: "psycopg.Connection[tuple[object, ...]]"


def main() -> None:
    """Measure in turn where few jobs are over and where many are: what else this machine does then
    is the same for both."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(running_cluster(folder))
        few = stack.enter_context(open_project(cluster, folder / "few"))
        many = stack.enter_context(open_project(cluster, folder / "many"))
        _add_finished(many)
        asyncio.run(_measure(few, many))


async def _measure(few: Project, many: Project) -> None:
    async with PictureMaker().running() as maker:
        with workers(few, maker, 2), workers(many, maker, 2):
            measured = []
            for number in range(ROUNDS + 1):
                asked = await _ask(few, many)
                turns = (few, many) if number % 2 else (many, few)
                rates = {id(project): await _finish(project, JOBS) for project in turns}
                rate, rate_many = rates[id(few)], rates[id(many)]
                measured.append([*asked, rate, rate / rate_many])
            heard = await _hear(few)
    # The first round warms everything up.
    took, took_many, rate, slower = map(statistics.median, zip(*measured[1:], strict=True))
    report("asking for a picture (median)", took, limit=30, at_most=True, unit="ms")
    report(f"{JOBS} jobs by two workers", rate, limit=40, at_most=False, unit="/s")
    report("an end is heard of (median)", heard, limit=200, at_most=True, unit="ms")
    over = f"with {FINISHED:,} jobs over, against none"
    report(f"asking {over}", took_many / took, limit=1.2, at_most=True)
    report(f"doing {over}", slower, limit=1.2, at_most=True)


@contextmanager
def open_project(cluster: Cluster, folder: Path) -> Iterator[Project]:
    """Serve a new project until the block ends."""
    with ExitStack() as stack:
        name = stack.enter_context(new_database(cluster))
        url = cluster.url(name, login=SUPERUSER)
        admin = stack.enter_context(psycopg.connect(url, autocommit=True))
        stack.callback(_wait_for_slots, admin)
        gateway = stack.enter_context(running_gateway(cluster, name, folder / "objects"))
        yield Project(gateway, gateway.sign_up(), admin)


def _wait_for_slots(admin: "psycopg.Connection[tuple[object, ...]]") -> None:
    """A database whose changes are still being read cannot be dropped."""
    while admin.execute(
        "select from pg_replication_slots where database = current_database()"
    ).rowcount:
        time.sleep(0.05)


@contextmanager
def workers(project: Project, maker: PictureMaker, count: int) -> Iterator[list[psutil.Process]]:
    """Run so many workers until the block ends; gives their processes when all are at work."""
    keys = project.gateway.cluster.keys
    settings = Settings(
        mode="embedded",
        supabase_url=project.gateway.url,
        database_url=project.gateway.cluster.url(project.gateway.database),
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        master_keys=parse_master_keys(keys.master_keys),
        image_key=ImageKey(maker.base_url, "sk-none"),
        limits=Limits(),
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        running = [
            stack.enter_context(
                running_worker(Path(folder), settings, master_keys=keys.master_keys)
            )
            for _ in range(count)
        ]
        while _one(project, "select count(*) from procrastinate.procrastinate_workers") != count:
            time.sleep(0.1)
        yield [psutil.Process(worker.process.pid) for worker in running]


def _one(project: Project, statement: str, *values: object) -> object:
    row = project.admin.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]


async def _ask(*projects: Project) -> list[float]:
    """Return the median milliseconds of an answer of each, while workers do what was asked for.

    They are asked in turn, one picture each: what else the machine does is the same for all.
    """
    took: list[list[float]] = [[] for _ in projects]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_client(project)) for project in projects]
        for _ in range(ASKED):
            for times, http in zip(took, clients, strict=True):
                began = time.perf_counter()
                body = {"prompt": "a cat", "modelId": "any"}
                answer = await http.post("/functions/v1/image-generation", json=body)
                times.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 202, answer.text
    for project in projects:
        await all_over(project)
    return [statistics.median(times) for times in took]


def _client(project: Project) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {project.person.token}"}
    return httpx.AsyncClient(base_url=project.gateway.url, headers=headers)


async def _finish(project: Project, count: int) -> float:
    """Return the jobs a second of one user that workers do, from when they are there."""
    project.admin.execute(
        "insert into public.jobs (user_id, job_type, input_data)"
        " select %s, 'image_generation', %s from generate_series(1, %s)",
        (project.person.id, INPUT, count),
    )
    began = time.perf_counter()
    await all_over(project)
    return count / (time.perf_counter() - began)


async def all_over(project: Project) -> None:
    """Wait until no job is unfinished."""
    while _one(project, "select count(*) from private.job_runs"):
        await asyncio.sleep(0.02)


async def _hear(project: Project) -> float:
    """Return the median milliseconds from the end of a job until its owner hears of it."""
    took = []
    url, key = project.gateway.url, project.gateway.cluster.keys.publishable_key
    async with phoenix(url, key) as client:
        await client.follow(project.person.token, table="jobs")
        for _ in range(20):
            project.admin.execute(
                "insert into public.jobs (user_id, job_type, input_data)"
                " values (%s, 'image_generation', %s)",
                (project.person.id, INPUT),
            )
            while (change := await client.change())["record"]["status"] != "completed":
                pass
            ended_at = datetime.fromisoformat(change["record"]["updated_at"])
            took.append((datetime.now(UTC) - ended_at).total_seconds() * 1000)
    return statistics.median(took)


def _add_finished(project: Project) -> None:
    project.admin.execute(
        "insert into public.jobs (user_id, job_type, status, input_data)"
        " select %s, 'image_generation', 'completed', %s from generate_series(1, %s)",
        (project.person.id, INPUT, FINISHED),
    )
    project.admin.execute("vacuum analyze public.jobs")
    project.admin.execute("checkpoint")


if __name__ == "__main__":
    main()
