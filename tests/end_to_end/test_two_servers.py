"""A project with two servers behind a proxy and two workers, of which one each is killed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from backend_functions.chat_request.replica import Replica
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.settings import ImageKey, Limits, Settings, parse_master_keys
from pocketllm_cli.api.answer_events import AnswerEvent, Delta, Done, Failed, Started
from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.client import Api, open_api
from pocketllm_cli.api.images import ImageRequest
from pocketllm_cli.api.reading import AnswerRequest
from pocketllm_cli.credentials import CredentialStore
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.models import Context
from pocketllm_cli.paths import Paths
from tests.conftest import Cluster
from tests.support.failover import proxy_to
from tests.support.gateway import Person, RunningGateway, running_gateway
from tests.support.picture_maker import PictureMaker
from tests.support.replica import RunningReplica, running_replica
from tests.support.upstream import Upstream
from tests.support.worker import RunningWorker, running_worker

pytestmark = pytest.mark.db

LONG, LOOPS, SHORT_EACH, PICTURES, MORE_PICTURES = 50, 3, 10, 12, 6
SLOTS = 4
"""Jobs at once in one worker."""


@pytest.fixture
def project(
    cluster: Cluster, database_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningGateway]:
    """Auth, Storage and the data API of the project."""
    # It writes no answers and looks after none: that is for the servers.
    monkeypatch.setattr(Replica, "start", lambda _: None)
    with running_gateway(cluster, database_name, tmp_path / "objects") as gateway:
        yield gateway


@pytest.fixture
async def maker() -> AsyncIterator[PictureMaker]:
    async with PictureMaker().running() as maker:
        yield maker


@pytest.fixture
def servers(project: RunningGateway, tmp_path: Path) -> Iterator[list[RunningReplica]]:
    keys = project.cluster.keys
    environment = {
        "SUPABASE_URL": project.url,
        "SUPABASE_ANON_KEY": keys.publishable_key,
        "SUPABASE_SERVICE_ROLE_KEY": keys.secret_key,
        "POCKETLLM_MAX_RUNNING_ANSWERS": "100",
        "POCKETLLM_REQUESTS_PER_MINUTE": "10000",
    }
    url = project.cluster.url(project.database)
    with ExitStack() as stack:
        yield [
            stack.enter_context(running_replica(tmp_path, url, keys.master_keys, **environment))
            for _ in range(2)
        ]


@pytest.fixture
def workers(
    project: RunningGateway, maker: PictureMaker, tmp_path: Path
) -> Iterator[list[RunningWorker]]:
    keys = project.cluster.keys
    settings = Settings(
        mode="embedded",
        supabase_url=project.url,
        database_url=project.cluster.url(project.database),
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        master_keys=parse_master_keys(keys.master_keys),
        image_key=ImageKey(maker.base_url, "sk-canary-server"),
        limits=Limits(worker_beat_seconds=0.5, worker_silence_seconds=5.0, worker_poll_seconds=0.5),
    )
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running_worker(
                    tmp_path,
                    settings,
                    master_keys=keys.master_keys,
                    POCKETLLM_WORKER_SLOTS=str(SLOTS),
                )
            )
            for _ in range(2)
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """What a client heard of one answer."""

    request: AnswerRequest
    answer_id: str
    text: str
    end: str
    """`complete`, or the code of a failure."""


@dataclass(frozen=True, slots=True)
class Load:
    """Somebody with the real client, at a proxy, and a way to look into the database."""

    api: Api
    person: Person
    database: "psycopg.AsyncConnection[Any]"

    async def count(self, statement: str, *values: object) -> int:
        cursor = await self.database.execute(statement.encode(), values)
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    async def until(self, statement: str, count: int) -> None:
        async with asyncio.timeout(60):
            while await self.count(statement) != count:
                await asyncio.sleep(0.1)

    async def add_chats(self, model: str, base_url: str, count: int) -> list[str]:
        config, ids = uuid4(), [str(uuid4()) for _ in range(count)]
        await self.database.execute(
            "insert into public.model_configs (id, user_id, name, provider, base_url, model)"
            " values (%s, %s, %s, 'openai-compatible', %s, %s)",
            (config, self.person.id, model, base_url, model),
        )
        await self.database.execute(
            "insert into public.chats (id, user_id, title, model_config_id)"
            " select unnest(%s::uuid[]), %s, 't', %s",
            (ids, self.person.id, config),
        )
        return ids

    async def ask(self, request: AnswerRequest) -> Told:
        events = [event async for event in self.api.answers.ask(request).events()]
        return _as_told(request, events)

    async def ask_in_turn(self, chat: str, name: str) -> list[Told]:
        return [await self.ask(_question(chat, f"{name} {n}")) for n in range(SHORT_EACH)]

    async def picture(self, model: str, name: str) -> str:
        return (await self.api.images.create(ImageRequest(name, model), key=name)).id

    async def pictures_in_turn(self, name: str) -> list[str]:
        return [await self.picture("any", f"{name} {n}") for n in range(MORE_PICTURES)]


def _question(chat: str, prompt: str) -> AnswerRequest:
    return AnswerRequest(chat, prompt, str(uuid4()))


def _as_told(request: AnswerRequest, events: list[AnswerEvent]) -> Told:
    (started,) = [event for event in events if isinstance(event, Started)]
    assert started.user_message_id == request.message_id
    text = "".join(event.text for event in events if isinstance(event, Delta))
    match events[-1]:
        case Done(message):
            assert message.content == text
            return Told(request, started.assistant_message_id, text, "complete")
        case Failed(code):
            return Told(request, started.assistant_message_id, text, code)
        case _:
            raise AssertionError("an answer without an end")


@pytest.fixture
async def load(
    project: RunningGateway, servers: list[RunningReplica], tmp_path: Path
) -> AsyncIterator[Load]:
    person, paths = project.sign_up(), Paths.under(tmp_path / "home")
    narrated: list[str] = []
    ports = [urlsplit(server.url).port or 0 for server in servers]
    url = project.cluster.url(project.database, login=SUPERUSER)
    with person.http:
        async with (
            proxy_to(ports) as proxy,
            await psycopg.AsyncConnection.connect(url, autocommit=True) as database,
            open_api(
                Context(
                    "test",
                    project.url,
                    project.cluster.keys.publishable_key,
                    f"{proxy}/functions/v1",
                ),
                paths=paths,
                store=CredentialStore(paths.sessions, narrated.append, lambda: None),
                embedded=EmbeddedBackend(paths.backend, narrated.append),
                fixed_token=person.token,
                narrate=narrated.append,
                log=DebugLog(None),
            ) as api,
        ):
            yield Load(api, person, database)


STORED = "select count(*) from public.messages where content = 'first half, '"
AT_WORK = "select count(*) from public.jobs where status = 'processing'"
UNFINISHED = "select count(*) from public.jobs where status in ('pending', 'processing')"


@pytest.mark.timeout(180)
async def test_nothing_is_lost_or_doubled_when_a_server_and_a_worker_are_killed_under_load(
    load: Load, servers: list[RunningReplica], workers: list[RunningWorker], maker: PictureMaker
) -> None:
    async with Upstream().running() as upstream:
        chats = await load.add_chats("waits", upstream.base_url, LONG)
        short_chats = await load.add_chats("any", upstream.base_url, LOOPS)
        wishes = [load.picture("waits", f"picture {n}") for n in range(PICTURES)]
        jobs = list(await asyncio.gather(*wishes))
        requests = [_question(chat, f"long {n}") for n, chat in enumerate(chats)]
        long = asyncio.gather(*map(load.ask, requests))
        await load.until(STORED, LONG)
        await load.until(AT_WORK, 2 * SLOTS)

        short = asyncio.gather(
            *(load.ask_in_turn(chat, f"short {n}") for n, chat in enumerate(short_chats))
        )
        more = asyncio.create_task(load.pictures_in_turn("another"))
        while len(upstream.requests) < LONG + 2 * LOOPS:
            await asyncio.sleep(0.01)
        servers[0].process.kill()
        workers[0].process.kill()
        upstream.release.set()
        maker.release.set()

        told = [*await long, *(one for each in await short for one in each)]
        jobs += await more
        await load.until(UNFINISHED, 0)
        again = await asyncio.gather(*(load.ask(one.request) for one in told))

    assert again == told, "who asks again is told of the same answer"
    await _answers_are_as_told(load, told, upstream)
    await _each_job_has_one_picture(load, jobs, maker)


async def _answers_are_as_told(load: Load, told: list[Told], upstream: Upstream) -> None:
    long = Counter((one.text, one.end) for one in told[:LONG])
    assert set(long) == {
        ("first half, second half", "complete"),
        ("first half, ", "unavailable"),
    }, "each server had its share"
    assert len(told) == LONG + LOOPS * SHORT_EACH
    assert [one.end for one in told[LONG:]].count("complete") >= len(told) - LONG - LOOPS
    cursor = await load.database.execute(
        "select answer.id::text, prompt.id::text, prompt.content, answer.content,"
        " answer.metadata ->> 'status'"
        " from public.messages as answer join public.messages as prompt"
        " on prompt.id = answer.parent_id where answer.role = 'assistant'"
    )
    status = {"complete": "complete", "unavailable": "interrupted"}
    assert sorted(await cursor.fetchall()) == sorted(
        (one.answer_id, one.request.message_id, one.request.prompt, one.text, status[one.end])
        for one in told
    )
    assert await load.count("select count(*) from public.messages") == 2 * len(told)
    asked = Counter(request["messages"][-1]["content"] for request in upstream.requests)
    assert max(asked.values()) == 1, "no provider was asked or paid twice"


async def _each_job_has_one_picture(load: Load, jobs: list[str], maker: PictureMaker) -> None:
    assert len(set(jobs)) == PICTURES + MORE_PICTURES
    cursor = await load.database.execute(
        "select id::text, status::text, attempt, output_data ->> 'path' from public.jobs"
    )
    rows = await cursor.fetchall()
    assert {row[0] for row in rows} == set(jobs)
    assert {row[1] for row in rows} == {"completed"}
    retried = sum(row[2] - 1 for row in rows)
    assert SLOTS <= retried <= 2 * SLOTS, "the dead worker's jobs were done by the other"
    cursor = await load.database.execute("select name from storage.objects order by name")
    assert await cursor.fetchall() == sorted((row[3],) for row in rows)
    asked = Counter(request["prompt"] for request in maker.requests)
    assert sum(asked.values()) - len(jobs) <= retried, "and nobody else's twice"
    assert await load.count("select count(*) from private.job_runs") == 0
    assert await load.count("select count(*) from procrastinate.procrastinate_jobs") == 0
