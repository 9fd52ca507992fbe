import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from tests.backend_functions.chat_request.conftest import Event, read_events, text_of
from tests.conftest import Cluster, make_user
from tests.support.replica import RunningReplica, running_replica, token
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

ANSWERS = 50
STREAM = {"accept": "text/event-stream"}


@pytest.fixture
def servers(cluster: Cluster, database_name: str, tmp_path: Path) -> Iterator[list[RunningReplica]]:
    """Two server processes on one database."""
    bounds = {"POCKETLLM_MAX_RUNNING_ANSWERS": "100", "POCKETLLM_REQUESTS_PER_MINUTE": "10000"}
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running_replica(
                    tmp_path, cluster.url(database_name), cluster.keys.master_keys, **bounds
                )
            )
            for _ in range(2)
        ]


@pytest.fixture
async def alice(
    owner_connection: AsyncConnection[tuple[object, ...]],
) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {token(await make_user(owner_connection))}"}
    limits = httpx.Limits(max_connections=200)
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
            async for event in read_events(response.aiter_bytes()):
                events.append(event)
    except httpx.HTTPError:
        pass
    return events


@pytest.mark.timeout(150)
async def test_no_answer_is_lost_or_doubled_when_a_server_is_killed_amid_fifty(
    servers: list[RunningReplica],
    alice: httpx.AsyncClient,
    owner_connection: AsyncConnection[tuple[object, ...]],
) -> None:
    first, second = (f"{server.url}/functions/v1/chat-request" for server in servers)
    async with Upstream().running() as upstream:
        chats = await make_chats(owner_connection, upstream)
        bodies = [{"chatId": chat, "prompt": "hi", "messageId": str(uuid4())} for chat in chats]
        listening = [asyncio.create_task(listen(alice, "POST", first, body)) for body in bodies]
        while len(upstream.requests) < ANSWERS:
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.2)  # every text so far is stored

        servers[0].process.kill()

        heard = await asyncio.gather(*listening)
        assert {text_of(events) for events in heard} == {"first half, "}
        ids = [events[0][1]["assistant_message_id"] for events in heard]
        told = await asyncio.gather(
            *(listen(alice, "GET", f"{second}/{answer_id}") for answer_id in ids)
        )
        repeated = await asyncio.gather(*(listen(alice, "POST", second, body) for body in bodies))

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
