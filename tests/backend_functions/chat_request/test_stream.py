import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from backend_functions.chat_request import stream
from backend_functions.chat_request.stream import EventStream


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def pieces(*texts: bytes, then_wait: bool = False) -> AsyncIterator[bytes]:
    for text in texts:
        yield text
    if then_wait:
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_PING_SECONDS", 0.05)
    monkeypatch.setattr(stream, "_PATIENCE_SECONDS", 0.2)


async def test_a_reader_that_takes_nothing_is_given_up() -> None:
    async def stuck(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async with asyncio.timeout(30):
        await EventStream(pieces(b"data: x\n\n", then_wait=True))({}, never, stuck)


async def test_a_reader_that_takes_no_pings_either_is_given_up() -> None:
    async def stuck_at_pings(message: Message) -> None:
        if message.get("body", b"").startswith(b":"):
            await asyncio.Event().wait()

    async with asyncio.timeout(30):
        await EventStream(pieces(b"data: x\n\n", then_wait=True))({}, never, stuck_at_pings)


async def test_a_silent_stream_is_kept_alive_until_its_reader_leaves() -> None:
    sent: list[bytes] = []
    leaves = asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if sent.count(b": ping\n\n") == 3:
            leaves.set()

    async def receive() -> Message:
        await leaves.wait()
        return {"type": "http.disconnect"}

    async with asyncio.timeout(30):
        await EventStream(pieces(b"data: x\n\n", then_wait=True))({}, receive, send)

    assert sent[1] == b"data: x\n\n"


async def test_a_stream_ends_with_its_last_piece() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await EventStream(pieces(b"a", b"b"))({}, never, send)

    assert [message.get("body") for message in sent] == [None, b"a", b"b", b""]
    assert not sent[-1].get("more_body")
