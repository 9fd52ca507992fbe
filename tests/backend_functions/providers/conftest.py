"""A provider of each dialect, and our adapter asking it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.providers.base import ChatEvent, ChatProvider, ChatRequest, ChatTurn
from backend_functions.settings import Limits
from tests.support.faults import WIRES, DialectUpstream
from tests.support.wire import Wire

KEY = "sk-canary"


@dataclass(frozen=True, slots=True)
class Pair:
    """A stand-in for a provider and the adapter that asks it."""

    upstream: DialectUpstream
    provider: ChatProvider
    events: list[ChatEvent]
    """All that came so far, also when it ended in an error."""

    @property
    def wire(self) -> Wire:
        return self.upstream.wire

    async def ask(self, model: str) -> list[ChatEvent]:
        request = ChatRequest(model, (ChatTurn("user", "hi"),), max_tokens=9)
        async for batch in self.provider.stream(request):
            self.events.extend(batch)
        return self.events


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> Wire:
    return WIRES[request.param]


@pytest.fixture
async def pair(wire: Wire, http: httpx.AsyncClient) -> AsyncIterator[Pair]:
    async with DialectUpstream(wire=wire).running() as upstream:
        yield Pair(upstream, wire.open(http, upstream.base_url, KEY), [])


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    limits = Limits(connect_seconds=1, response_seconds=0.5, idle_seconds=0.5)
    async with open_client(EgressPolicy(allow_loopback=True), limits) as client:
        yield client
