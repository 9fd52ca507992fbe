"""A hosted server as its own process: how it stops, and that its log gives nothing away."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.backend_functions.chat_request.conftest import ask
from tests.backend_functions.conftest import Functions, Person
from tests.conftest import Cluster
from tests.support.plain import NO_TLS
from tests.support.replica import RunningReplica, running_replica, token
from tests.support.upstream import SCRIPTS, Upstream

pytestmark = pytest.mark.db

KEY = "sk-canary-0123456789-key"
PROMPT = "canary prompt that nobody else may read"


@pytest.fixture
def replica(
    functions: Functions, cluster: Cluster, database_name: str, tmp_path: Path
) -> Iterator[RunningReplica]:
    url, master_keys = cluster.url(database_name), cluster.keys.master_keys
    with running_replica(tmp_path, url, master_keys, POCKETLLM_DEBUG="1") as running:
        yield running


@pytest.fixture
async def there(replica: RunningReplica, alice: Person) -> AsyncIterator[Person]:
    """Alice, calling the replica."""
    headers = {"authorization": f"Bearer {token(alice.caller)}"}
    async with httpx.AsyncClient(
        base_url=replica.url, headers=headers, timeout=20, verify=NO_TLS
    ) as http:
        yield Person(alice.caller, http)


async def test_a_server_told_to_stop_ends_its_answers_honestly_and_soon(
    replica: RunningReplica,
    there: Person,
    functions: Functions,
    make_chat: Callable[..., Awaitable[UUID]],
    upstream: Upstream,
) -> None:
    chats = [await make_chat(there, "waits") for _ in range(5)]
    asking = [asyncio.create_task(ask(there, chat)) for chat in chats]
    halves = "select 1 from public.messages where content = 'first half, '"
    while len(await functions.rows(halves)) < len(chats):
        assert not any(task.done() for task in asking)
        await asyncio.sleep(0.05)
    code = await asyncio.to_thread(replica.stop)

    assert code in (0, -15)
    for events in await asyncio.gather(*asking):
        assert [name for name, _ in events] == ["started", "delta", "failed"]
        assert events[-1][1]["code"] == "unavailable"
    rows = await functions.rows(
        "select content, metadata ->> 'status' from public.messages where role = 'assistant'"
    )
    assert rows == [("first half, ", "interrupted")] * len(chats)
    assert await functions.rows("select 1 from private.running_answers") == []


async def test_a_server_without_answers_stops_at_once(replica: RunningReplica) -> None:
    assert await asyncio.to_thread(replica.stop) in (0, -15)


async def test_a_hosted_server_bounds_headers(there: Person) -> None:
    refused = await there.http.get("/healthz", headers={"x-long": "v" * 8_200})

    assert refused.status_code == 431
    assert (await there.http.get("/healthz")).status_code == 200


async def misbehave(there: Person, upstream: Upstream, chat: UUID, config: str) -> None:
    """Do all that makes a server log something."""
    bad: list[Any] = [
        {"chatId": str(chat), "prompt": PROMPT, "extra": PROMPT},
        {"chatId": PROMPT, "prompt": PROMPT},
        {"chatId": str(chat), "prompt": [PROMPT]},
    ]
    for body in bad:
        assert (await there.post("/chat-request", body)).status_code == 422
    await there.http.get("/functions/v1/none", params={"key": KEY})
    await there.http.get(f"/functions/v1/{KEY}")
    await there.http.post("/functions/v1/chat-request", content=f'{{"{KEY}'.encode())
    await there.http.post("/functions/v1/chat-request", headers={"authorization": f"Bearer {KEY}"})
    await there.post(f"/model-configs/{config}/test", {})
    await there.http.patch(f"/functions/v1/model-configs/{config}", json={"api_key": [KEY]})
    await ask(there, chat, PROMPT)


async def quote(self: Upstream, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """Refuse with everything that was sent, as some providers do."""
    body = json.dumps({"error": {"message": f"{request} {self.headers[-1]}", "type": PROMPT}})
    head = f"HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    writer.write(f"{head}\r\n\r\n{body}".encode())
    await writer.drain()


async def test_the_log_holds_no_key_token_or_prompt_whatever_happens(
    replica: RunningReplica,
    there: Person,
    make_chat: Callable[..., Awaitable[UUID]],
    upstream: Upstream,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(SCRIPTS, "quote", quote)
    new = {"provider": "openai-compatible", "api_key": KEY}
    for model in ("any", "401", "500", "error-in-stream", "garbage", "quote"):
        async with upstream.running():
            new |= {"name": f"{model}'s", "model": model, "base_url": upstream.base_url}
            made = await there.post("/model-configs", new)
            assert made.status_code == 201
            chat = await make_chat(there, model, system_prompt=PROMPT, base_url=upstream.base_url)
            await misbehave(there, upstream, chat, made.json()["id"])

    await asyncio.to_thread(replica.stop)

    log = replica.log.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"refused", "request"} <= {line["event"] for line in lines}
    assert all("request_id" in line for line in lines if line["event"] in ("refused", "request"))
    secrets = [KEY, "canary prompt", "sb_secret_canary", cluster.keys.login_password]
    secrets += [cluster.keys.master_keys.split(":")[1], there.http.headers["authorization"][7:]]
    for secret in secrets:
        assert secret not in log
        assert secret[:12] not in log or not secret.startswith("sk-")
