"""What each thing that people do costs: the numbers behind docs/scaling.md, all of one run."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
import psycopg
from psycopg.rows import dict_row

from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.ports import free_port
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.logs import configure_logs
from backend_functions.types import Caller
from tests.benchmarks.jobs import INPUT, Project, all_over, open_project, workers
from tests.benchmarks.meter import Meter, Reading
from tests.benchmarks.pacing import Call, open_call
from tests.benchmarks.realtime import Listening
from tests.benchmarks.scale import TEXTS
from tests.benchmarks.streaming import wait_for_port
from tests.conftest import Cluster, running_cluster
from tests.sql.databases import new_database
from tests.sql.stage import Stage
from tests.support.backend import running_backend
from tests.support.picture_maker import PictureMaker
from tests.support.replica import running_replica, token

CHATS, ANSWERS_EACH = 25, 8
TOKENS, PAUSE_SECONDS = 200, 0.02
MESSAGES, JOBS, SUBSCRIBERS = 5_000, 200, 200
IDLE_SECONDS = 10.0

Admin = psycopg.Connection[Any]


def main() -> None:
    """Measure in turn; nothing else of ours runs meanwhile."""
    configure_logs()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(running_cluster(folder))
        _measure_answers(cluster, folder)
        for texts in (1, 6):
            _measure_messages(cluster, texts)
        with open_project(cluster, folder / "project") as project:
            asyncio.run(_measure_jobs(project))
    _measure_subscribers()


def _tell(name: str, used: Reading, *, unit: str = "") -> None:
    print(
        f"{name}: {used.process_ms:.2f} ms{unit} of CPU, PostgreSQL {used.postgres_ms:.2f} ms{unit}"
        f", {used.wal_bytes:,.0f} bytes of WAL{unit}, {used.transactions:.2f} transactions{unit}",
        flush=True,
    )


def _idle(name: str, meter: Meter) -> None:
    before, began = meter.read(), time.monotonic()
    time.sleep(IDLE_SECONDS)
    _tell(name, (meter.read() - before).each(time.monotonic() - began), unit="/s")
    print(
        f"  memory {meter.memory_bytes() / 2**20:.0f} MB, connections {meter.connections()}",
        flush=True,
    )


@dataclass(frozen=True, slots=True)
class _Asker:
    """Somebody with chats that ask a paced provider, at a server of the functions."""

    url: str
    token: str
    chats: list[str]

    def calls(self) -> list[Call]:
        headers = {
            "authorization": f"Bearer {self.token}",
            "accept": "text/event-stream",
            "content-type": "application/json",
        }
        bodies = [json.dumps({"chatId": chat, "prompt": TEXTS[0]}) for chat in self.chats]
        return [(self.url, body.encode(), headers) for body in bodies]


def _measure_answers(cluster: Cluster, folder: Path) -> None:
    with ExitStack() as stack:
        admin = stack.enter_context(_new_database(cluster))
        server = stack.enter_context(
            running_replica(
                folder,
                cluster.url(admin.info.dbname),
                cluster.keys.master_keys,
                POCKETLLM_MAX_RUNNING_ANSWERS="1000",
                POCKETLLM_REQUESTS_PER_MINUTE="1000000",
            )
        )
        meter = Meter(admin, psutil.Process(server.process.pid))
        _idle("a server of the functions that nobody asks", meter)
        url = f"{server.url}/functions/v1/chat-request"
        costs = []
        for tokens in (1, TOKENS):
            asker = _add_asker(admin, url, stack.enter_context(_provider(tokens)))
            asyncio.run(_all_at_once(asker.calls()))  # everything is warm after these
            costs.append(_cost_of_answers(meter, asker, tokens))
    one, many = costs
    tokens = TOKENS - 1
    print(
        f"each token more: {(many.process_ms - one.process_ms) / tokens * 1000:.0f} µs of CPU,"
        f" PostgreSQL {(many.postgres_ms - one.postgres_ms) / tokens * 1000:.0f} µs",
        flush=True,
    )


def _cost_of_answers(meter: Meter, asker: _Asker, tokens: int) -> Reading:
    before, received, connections = meter.read(), 0, 0
    for _ in range(ANSWERS_EACH):
        received += asyncio.run(_all_at_once(asker.calls()))
        connections = max(connections, meter.connections())
    count = CHATS * ANSWERS_EACH
    used = (meter.read() - before).each(count)
    _tell(f"an answer of {tokens} tokens, {CHATS} at once", used)
    print(
        f"  to the client {received / count:,.0f} bytes,"
        f" connections to the database {connections}, memory {meter.memory_bytes() / 2**20:.0f} MB",
        flush=True,
    )
    return used


async def _all_at_once(calls: list[Call]) -> int:
    return sum(await asyncio.gather(*map(_received_bytes, calls)))


async def _received_bytes(call: Call) -> int:
    reader, writer = await open_call(call)
    text = await reader.read()
    writer.close()
    if b"event: done" not in text:
        raise RuntimeError(f"no whole answer: {text[-300:]!r}")
    return len(text)


@contextmanager
def _provider(tokens: int) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.paced_upstream"]
    process = subprocess.Popen([*command, str(port), str(tokens), str(PAUSE_SECONDS)])
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _add_asker(admin: Admin, url: str, base_url: str) -> _Asker:
    user, config = _sign_up(admin), uuid4()
    admin.execute(
        "insert into public.model_configs (id, user_id, name, provider, base_url, model)"
        " values (%s, %s, 'm', 'openai-compatible', %s, 'm')",
        (config, user, base_url),
    )
    chats = [str(uuid4()) for _ in range(CHATS)]
    admin.execute(
        "insert into public.chats (id, user_id, title, model_config_id)"
        " select unnest(%s::uuid[]), %s, 't', %s",
        (chats, user, config),
    )
    claims = {"sub": str(user), "role": "authenticated", "email": "a@example.com"}
    return _Asker(url, token(Caller("authenticated", claims, user)), chats)


@contextmanager
def _new_database(cluster: Cluster) -> Iterator[Admin]:
    with new_database(cluster) as name:
        url = cluster.url(name, login=SUPERUSER)
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection


def _sign_up(admin: Admin) -> UUID:
    row = admin.execute(
        "insert into auth.users (email) values (%s) returning id", (f"{uuid4()}@example.com",)
    ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def _measure_messages(cluster: Cluster, texts: int) -> None:
    """Insert messages as their owner does, one a transaction, a hundred to a chat.

    Args:
        texts: How many texts of thirty words one is made of.
    """
    with (
        _new_database(cluster) as admin,
        psycopg.connect(
            cluster.url(admin.info.dbname, login=SUPERUSER), row_factory=dict_row, autocommit=True
        ) as connection,
    ):
        meter = Meter(admin, psutil.Process())
        owner = Stage(connection).signed_in(_sign_up(admin))
        sizes = {table: meter.table_bytes(table) for table in _TABLES}
        before, text_bytes = meter.read(), 0
        for number in range(MESSAGES):
            with connection.transaction():
                if number % 100 == 0:
                    chat = owner.value("insert into public.chats (title) values ('t') returning id")
                first = number * texts
                content = " ".join(TEXTS[(first + n) % len(TEXTS)] for n in range(texts))
                text_bytes += len(content)
                owner.run(
                    "insert into public.messages (chat_id, role, content)"
                    " values (%(chat)s, 'user', %(content)s)",
                    chat=chat,
                    content=content,
                )
        used = (meter.read() - before).each(MESSAGES)
        print(
            f"a stored message of {text_bytes / MESSAGES:.0f} characters:"
            f" PostgreSQL {used.postgres_ms:.2f} ms of CPU, {used.wal_bytes:,.0f} bytes of WAL"
        )
        for table, size in sizes.items():
            grown = (meter.table_bytes(table) - size) / MESSAGES
            print(f"  {table}: {grown:,.0f} bytes a message, indexes included", flush=True)


_TABLES = ("public.messages", "search.entries", "public.chats")


async def _measure_jobs(project: Project) -> None:
    async with PictureMaker().running() as maker:
        before = Meter(project.admin, psutil.Process()).connections()
        with workers(project, maker, 1) as (worker,):
            meter = Meter(project.admin, worker)
            await asyncio.to_thread(_idle, "a worker without jobs", meter)
            for count in (20, JOBS):  # the first make everything warm
                size, start = meter.table_bytes("public.jobs"), meter.read()
                storage = psutil.Process().cpu_times()
                await _do_jobs(project, count)
                used = (meter.read() - start).each(count)
            gone = psutil.Process().cpu_times()
            _tell("a job, its picture of a few bytes stored", used)
            grown = (meter.table_bytes("public.jobs") - size) / JOBS
            ours = (gone.user + gone.system - storage.user - storage.system) * 1000 / JOBS
            print(
                f"  public.jobs {grown:,.0f} bytes, Storage and provider {ours:.2f} ms of CPU,"
                f" connections of the worker {meter.connections() - before}",
                flush=True,
            )


async def _do_jobs(project: Project, count: int) -> None:
    project.admin.execute(
        "insert into public.jobs (user_id, job_type, input_data)"
        " select %s, 'image_generation', %s from generate_series(1, %s)",
        (project.person.id, INPUT, count),
    )
    await all_over(project)


def _measure_subscribers() -> None:
    """Only the embedded backend has a Realtime of ours."""
    with running_backend() as backend:
        users = [backend.sign_up(f"{number}@example.com") for number in range(20)]
        ports = json.loads((backend.folder / "ports.json").read_text())
        password = load(backend.folder / "keys.json").admin_password
        with psycopg.connect(
            database_url(SUPERUSER, password, ports["postgres"]), autocommit=True
        ) as admin:
            meter = Meter(admin, psutil.Process(backend.process.pid))
            with Listening(users[:1]):
                one = _idle_cost(meter)
            with Listening([users[number % 20] for number in range(SUBSCRIBERS)]):
                many = _idle_cost(meter)
    print(
        f"an idle subscriber: {(many[0] - one[0]) / (SUBSCRIBERS - 1) / 1024:.0f} KB;"
        f" the embedded backend with one {one[1]:.1f} ms/s of CPU, with {SUBSCRIBERS}"
        f" {many[1]:.1f} ms/s; connections to the database {one[2]} and {many[2]}",
        flush=True,
    )


def _idle_cost(meter: Meter) -> tuple[int, float, int]:
    """Return memory in bytes, milliseconds of CPU a second, connections to the database."""
    before, began = meter.read(), time.monotonic()
    time.sleep(IDLE_SECONDS)
    used = (meter.read() - before).each(time.monotonic() - began)
    return meter.memory_bytes(), used.process_ms + used.postgres_ms, meter.connections()


if __name__ == "__main__":
    main()
