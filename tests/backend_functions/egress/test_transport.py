"""How long a provider is waited for: until its response begins, and within it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.errors import ProviderUnreachable
from backend_functions.providers.base import ChatEvent, ChatRequest, ChatTurn, TextDelta
from backend_functions.providers.openai_compatible import build_payload
from backend_functions.settings import Limits
from tests.support.faults import WIRES, DialectUpstream, Fault
from tests.support.http_upstream import END, Writer, chunk, stream_head

WIRE = WIRES["openai"]
PAUSE = 1.0
QUICK = Limits(response_seconds=30, idle_seconds=PAUSE / 2)
SLOW = Limits(response_seconds=PAUSE / 2, idle_seconds=30)


async def late_head(upstream: DialectUpstream, writer: Writer) -> None:
    await asyncio.sleep(PAUSE)
    writer.write(stream_head(WIRE.media_type) + chunk(WIRE.answer("late")) + END)


async def late_body(upstream: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(WIRE.media_type))
    await asyncio.sleep(PAUSE)
    writer.write(chunk(WIRE.answer("late")) + END)


async def pauses(upstream: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(WIRE.media_type) + chunk(WIRE.begin + WIRE.text("early, ")))
    await asyncio.sleep(PAUSE)
    writer.write(chunk(WIRE.text("late") + WIRE.finish("stop")) + END)


@pytest.fixture
async def upstream() -> AsyncIterator[DialectUpstream]:
    faults: dict[str, Fault] = {"late-head": late_head, "late-body": late_body, "pauses": pauses}
    async with DialectUpstream(faults=faults).running() as running:
        yield running


async def ask(upstream: DialectUpstream, model: str, limits: Limits) -> str:
    """Return the text that came, with a `!` where the provider was given up."""
    events: list[ChatEvent] = []
    async with open_client(EgressPolicy(allow_loopback=True), limits) as http:
        provider = WIRE.open(http, upstream.base_url, "sk-0123456789")
        try:
            async for batch in provider.stream(ChatRequest(model, (ChatTurn("user", "hi"),))):
                events.extend(batch)
        except ProviderUnreachable:
            return _text(events) + "!"
    return _text(events)


def request(upstream: DialectUpstream, model: str) -> dict[str, Any]:
    """Return what httpx needs to ask as one of our adapters does."""
    headers = {"authorization": "Bearer sk-0123456789"}
    turn = ChatRequest(model, (ChatTurn("user", "hi"),))
    url = f"{upstream.base_url}/chat/completions"
    return {"url": url, "json": build_payload(turn, "max_tokens"), "headers": headers}


def _text(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    ("model", "limits", "outcome"),
    [
        ("late-head", QUICK, "late"),
        ("late-body", QUICK, "late"),
        ("pauses", QUICK, "early, !"),
        ("late-head", SLOW, "!"),
        ("late-body", SLOW, "!"),
        ("pauses", SLOW, "early, late"),
    ],
)
async def test_a_response_may_begin_late_or_pause_long_only_as_its_own_bound_says(
    upstream: DialectUpstream, model: str, limits: Limits, outcome: str
) -> None:
    assert await ask(upstream, model, limits) == outcome


async def test_a_reader_that_takes_its_time_is_no_silence_of_the_provider(
    upstream: DialectUpstream,
) -> None:
    text = b""
    async with (
        open_client(EgressPolicy(allow_loopback=True), QUICK) as http,
        http.stream("POST", **request(upstream, "byte-by-byte")) as response,
    ):
        async for piece in response.aiter_raw():
            if not text:
                await asyncio.sleep(PAUSE)
            text += piece

    assert text == WIRE.answer("é\u2028", "😀")


async def test_a_response_that_is_left_unread_closes_its_connection(
    upstream: DialectUpstream,
) -> None:
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        async with http.stream("POST", **request(upstream, "endless")):
            assert upstream.open_streams == 1

        while upstream.open_streams:
            await asyncio.sleep(0.01)


async def test_a_connection_serves_one_response_after_the_other(upstream: DialectUpstream) -> None:
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        for _ in range(3):
            response = await http.post(**request(upstream, "any"))
            assert response.status_code == 200

        assert len(upstream.connections) == 1


@pytest.mark.parametrize("model", ["not-http", "hangs-up", "cut"])
async def test_what_goes_wrong_with_a_connection_is_an_error_of_httpx(
    upstream: DialectUpstream, model: str
) -> None:
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        with pytest.raises(httpx.TransportError):
            await http.post(**request(upstream, model))
