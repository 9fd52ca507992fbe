"""A project with its gateway, a provider of pictures, and workers in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.settings import ImageKey, Limits, Settings, parse_master_keys
from backend_functions.worker.registry import JOB_TYPES
from backend_functions.worker.tools import open_tools
from backend_functions.worker.worker import Worker
from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.support.gateway import Person, RunningGateway, running_gateway
from tests.support.picture_maker import PictureMaker
from tests.support.plain import NO_TLS

Row = dict[str, Any]
Working = Callable[..., AbstractAsyncContextManager[None]]

FAST = Limits(
    worker_beat_seconds=0.2, worker_silence_seconds=2.0, worker_poll_seconds=0.2, retry_seconds=0.2
)


@pytest.fixture(scope="package")
def gateway(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("jobs") / "objects"
    with new_database(cluster) as name, running_gateway(cluster, name, folder) as gateway:
        yield gateway


@pytest.fixture(autouse=True)
def no_jobs(gateway: RunningGateway) -> None:
    """Begin with an empty queue, whatever the test before has left."""
    rows(gateway, "delete from public.jobs")


@dataclass(frozen=True, slots=True)
class Asker:
    """A user who asks for pictures."""

    person: Person
    gateway: RunningGateway

    def post(self, body: Any, **headers: str) -> httpx.Response:
        return httpx.post(
            f"{self.gateway.url}/functions/v1/image-generation",
            json=body,
            headers={"authorization": f"Bearer {self.person.token}", **headers},
            timeout=20,
            verify=NO_TLS,
        )

    def ask(self, prompt: str = "a cat", model: str = "any") -> str:
        answer = self.post({"prompt": prompt, "modelId": model})
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["job_id"]
        return job_id

    def rest(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"apikey": self.gateway.cluster.keys.publishable_key}
        headers["authorization"] = f"Bearer {self.person.token}"
        url = f"{self.gateway.url}/rest/v1/{path}"
        return httpx.request(method, url, headers=headers, timeout=20, **more, verify=NO_TLS)

    def job(self, job_id: str) -> Row:
        [row] = self.rest("GET", f"jobs?id=eq.{job_id}").json()
        found: Row = row
        return found

    async def ended(self, job_id: str) -> Row:
        return await self.reached(job_id, lambda row: row["status"] in ("completed", "failed"))

    async def reached(self, job_id: str, wanted: Callable[[Row], bool]) -> Row:
        """Wait until a job is as wanted; a database that goes away meanwhile is waited for."""
        async with asyncio.timeout(60):
            while True:
                answer = await asyncio.to_thread(self.rest, "GET", f"jobs?id=eq.{job_id}")
                if answer.status_code < 500:
                    [row] = answer.json()
                    if wanted(row):
                        found: Row = row
                        return found
                await asyncio.sleep(0.1)


@pytest.fixture
def alice(gateway: RunningGateway) -> Iterator[Asker]:
    person = gateway.sign_up()
    with person.http:
        yield Asker(person, gateway)


@pytest.fixture
def bob(gateway: RunningGateway) -> Iterator[Asker]:
    person = gateway.sign_up()
    with person.http:
        yield Asker(person, gateway)


@pytest.fixture
async def maker() -> AsyncIterator[PictureMaker]:
    async with PictureMaker().running() as maker:
        yield maker


@pytest.fixture
def settings(gateway: RunningGateway, maker: PictureMaker) -> Settings:
    return settings_of(gateway, maker)


def settings_of(gateway: RunningGateway, maker: PictureMaker) -> Settings:
    """Return what workers of this backend run with."""
    keys = gateway.cluster.keys
    return Settings(
        mode="embedded",
        supabase_url=gateway.url,
        database_url=gateway.cluster.url(gateway.database),
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        master_keys=parse_master_keys(keys.master_keys),
        image_key=ImageKey(maker.base_url, "sk-canary-server"),
        limits=FAST,
    )


@pytest.fixture
def working(settings: Settings) -> Working:
    """Run a worker in this process for as long as a block."""

    @asynccontextmanager
    async def work(**limits: Any) -> AsyncIterator[None]:
        changed = replace(settings, limits=replace(settings.limits, **limits))
        async with open_tools(changed) as tools, Worker(JOB_TYPES, tools).running():
            yield

    return work


def rows(gateway: RunningGateway, statement: str, *values: object) -> list[Row]:
    """Run a statement with every right."""
    url = gateway.cluster.url(gateway.database, login=SUPERUSER)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []
