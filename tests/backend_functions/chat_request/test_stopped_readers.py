"""A process that is stopped while it reads along (SIGSTOP), over real sockets."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from backend_functions.chat_request import stream
from backend_functions.settings import Limits
from tests.backend_functions.conftest import Functions, Person
from tests.support.http_upstream import END, Writer, chunk, stream_head
from tests.support.upstream import DONE, SCRIPTS, Upstream, event

pytestmark = pytest.mark.db

READERS = 40
PIECES, PIECE = 500, "x" * 16_000  # more than the system's own buffers for a connection hold
ANSWER_BYTES = PIECES * len(PIECE)


@asynccontextmanager
async def stopped_readers(url: str, request: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run readers in one process, and stop it once each has begun to read."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.stopped_reader"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = {"port": httpx.URL(url).port, "request": request, "count": READERS}
    process.stdin.write(json.dumps(told).encode())
    process.stdin.close()
    assert await process.stdout.readline() == b"reading\n"
    process.send_signal(signal.SIGSTOP)
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


async def flood(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    """Say very much, and when told to, the end."""
    writer.write(stream_head("text/event-stream"))
    for _ in range(PIECES):
        writer.write(chunk(event({"content": PIECE})))
        await writer.drain()
    await self.release.wait()
    writer.write(chunk(event({"content": "the end"}) + event({}, "stop") + DONE) + END)
    await writer.drain()


@pytest.mark.parametrize("limits", [Limits(max_answer_characters=2 * ANSWER_BYTES)], ids=["large"])
@pytest.mark.parametrize("after", ["0", "1"], ids=["from the start", "resumed"])
async def test_readers_that_are_stopped_cost_little_lose_nothing_and_are_given_up(
    functions: Functions,
    alice: Person,
    make_chat: Callable[..., Awaitable[UUID]],
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    after: str,
) -> None:
    monkeypatch.setitem(SCRIPTS, "flood", flood)
    body = {"chatId": str(await make_chat(alice, "flood")), "prompt": "hi"}
    asking = asyncio.create_task(alice.post("/chat-request", body))
    saved = "select id, length(content) from public.messages where role = 'assistant'"
    while not (rows := await functions.rows(saved)) or rows[0][1] < ANSWER_BYTES:
        await asyncio.sleep(0.05)
    request = (
        f"GET /functions/v1/chat-request/{rows[0][0]} HTTP/1.1\r\nhost: x\r\n"
        f"authorization: {alice.http.headers['authorization']}\r\n"
        f"last-event-id: {after}\r\naccept: text/event-stream\r\n\r\n"
    )
    before = psutil.Process().memory_info().rss

    async with stopped_readers(functions.url, request):
        grown = psutil.Process().memory_info().rss - before
        print(f"memory: {grown / 1e6:.0f} MB for {READERS} readers of {ANSWER_BYTES / 1e6:.1f} MB")
        assert grown < READERS * ANSWER_BYTES / 4
        assert len(functions.services.streams) == READERS + 2
        upstream.release.set()
        answer = await asking
        assert answer.json()["metadata"]["status"] == "complete"
        assert answer.json()["content"].endswith("the end")
        assert (await functions.rows(saved))[0][1] == ANSWER_BYTES + len("the end")
        assert len(functions.services.streams) == READERS, "they are held, not yet given up"
        monkeypatch.setattr(stream, "_PATIENCE_SECONDS", 0.2)
        while len(functions.services.streams):
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_PING_SECONDS", 0.1)
