import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from backend_functions.embedded.ports import free_port
from backend_functions.gateway.auth.tokens import TokenSigner
from tests.backend_functions.chat_request.conftest import Event, read_events, text_of
from tests.conftest import Cluster, make_user
from tests.support.replica import ISSUER
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

ANSWERS = 50
STREAM = {"accept": "text/event-stream"}


@pytest.fixture
def servers(
    cluster: Cluster, database_name: str
) -> Iterator[list[tuple[str, subprocess.Popen[bytes]]]]:
    """Two server processes on one database."""
    environment = dict(os.environ) | {
        "TEST_DATABASE_URL": cluster.url(database_name),
        "TEST_MASTER_KEYS": cluster.keys.master_keys,
        "TEST_SIGNING_KEY": cluster.keys.signing_key_pem,
    }
    started = []
    with ExitStack() as stack:
        for _ in range(2):
            port = free_port()
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "uvicorn",
                    "--factory",
                    "tests.support.replica:app",
                    "--port",
                    str(port),
                    "--log-level",
                    "critical",
                ],
                env=environment,
                stderr=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            started.append((f"http://127.0.0.1:{port}", process))
        for url, _ in started:
            wait_until_up(url)
        yield started


def wait_until_up(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            httpx.get(f"{url}/health")
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
async def alice(
    cluster: Cluster, owner_connection: AsyncConnection[tuple[object, ...]]
) -> AsyncIterator[httpx.AsyncClient]:
    caller = await make_user(owner_connection)
    now = int(time.time())
    signer = TokenSigner(cluster.keys.signing_key_pem, issuer=ISSUER)
    claims = {"iss": ISSUER, "aud": "authenticated", "iat": now, "exp": now + 3600}
    token = signer.sign({**caller.claims, **claims, "session_id": str(uuid4())})
    limits = httpx.Limits(max_connections=200)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, timeout=60, limits=limits) as http:
        yield http


async def make_chats(
    connection: AsyncConnection[tuple[object, ...]], upstream: Upstream
) -> list[str]:
    cursor = await connection.execute(
        "insert into public.model_configs (user_id, name, provider, base_url, model, is_default)"
        " select id, 'm', 'openai-compatible', %s, 'waits', true from auth.users",
        (upstream.base_url,),
    )
    cursor = await connection.execute(
        "insert into public.chats (user_id, title)"
        " select id, 'chat ' || n from auth.users, generate_series(1, %s) as n returning id::text",
        (ANSWERS,),
    )
    return [str(row[0]) for row in await cursor.fetchall()]


async def listen(http: httpx.AsyncClient, method: str, url: str, body: Any = None) -> list[Event]:
    """Read a stream as far as it goes; a connection that breaks is its end."""
    events: list[Event] = []
    try:
        async with http.stream(method, url, json=body, headers=STREAM) as response:
            async for event in read_events(response.aiter_lines()):
                events.append(event)
    except httpx.HTTPError:
        pass
    return events


@pytest.mark.timeout(150)
async def test_no_answer_is_lost_or_doubled_when_a_server_is_killed_amid_fifty(
    servers: list[tuple[str, subprocess.Popen[bytes]]],
    alice: httpx.AsyncClient,
    owner_connection: AsyncConnection[tuple[object, ...]],
) -> None:
    (first, process), (second, _) = servers
    path = "/functions/v1/chat-request"
    async with Upstream().running() as upstream:
        chats = await make_chats(owner_connection, upstream)
        bodies = [{"chatId": chat, "prompt": "hi", "messageId": str(uuid4())} for chat in chats]
        listening = [
            asyncio.create_task(listen(alice, "POST", first + path, body)) for body in bodies
        ]
        while len(upstream.requests) < ANSWERS:
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.2)  # every text so far is stored

        process.kill()

        heard = await asyncio.gather(*listening)
        assert {text_of(events) for events in heard} == {"first half, "}
        ids = [events[0][1]["assistant_message_id"] for events in heard]
        began = time.monotonic()
        told = await asyncio.gather(
            *(listen(alice, "GET", f"{second}{path}/{answer_id}") for answer_id in ids)
        )
        assert time.monotonic() - began < 30
        repeated = await asyncio.gather(
            *(listen(alice, "POST", second + path, body) for body in bodies)
        )

    for events in [*told, *repeated]:
        assert text_of(events) == "first half, "
        assert events[-1][0] == "failed"
        assert events[-1][1]["code"] == "unavailable"
    assert [events[0][1]["assistant_message_id"] for events in repeated] == ids
    cursor = await owner_connection.execute(
        "select role, content, metadata ->> 'status', count(*) from public.messages"
        " group by 1, 2, 3 order by 1"
    )
    assert await cursor.fetchall() == [
        ("assistant", "first half, ", "interrupted", ANSWERS),
        ("user", "hi", None, ANSWERS),
    ]
    assert len(upstream.requests) == ANSWERS
