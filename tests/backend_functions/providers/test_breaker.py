import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from backend_functions.configured_provider import _target
from backend_functions.egress.policy import EgressPolicy, check_base_url
from backend_functions.errors import (
    ProviderBusy,
    ProviderError,
    ProviderIncomplete,
    ProviderRefused,
    ProviderRejectedKey,
    ProviderUnreachable,
)
from backend_functions.providers.base import (
    CatalogEntry,
    ChatEvent,
    ChatRequest,
    Finished,
    TextDelta,
)
from backend_functions.providers.breaker import CircuitBreaker, GuardedProvider, is_outage
from backend_functions.providers.registry import find_provider

DOWN = ProviderUnreachable(failed_before_answer=True)
REQUEST = ChatRequest("any", ())
ANSWER: list[list[ChatEvent]] = [[TextDelta("a")], [TextDelta("b")], [Finished("stop")]]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Provider:
    """Answers, after raising what it was told to raise first."""

    def __init__(self) -> None:
        self.failure: ProviderError | None = None
        self.calls = 0
        self.waits = asyncio.Event()
        self.waits.set()
        self.closed = 0

    async def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        self.calls += 1
        try:
            await self.waits.wait()
            if self.failure is not None:
                raise self.failure
            for events in ANSWER:
                yield events
        finally:
            self.closed += 1

    async def list_models(self) -> tuple[CatalogEntry, ...]:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return ()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def guarded(provider: Provider, breaker: CircuitBreaker) -> GuardedProvider:
    return GuardedProvider(provider, breaker, "target")


async def ask(guarded: GuardedProvider) -> list[list[ChatEvent]] | ProviderError:
    try:
        return [events async for events in guarded.stream(REQUEST)]
    except ProviderError as error:
        return error


async def fail(guarded: GuardedProvider, provider: Provider, times: int = 5) -> None:
    before, provider.failure = provider.failure, DOWN
    for _ in range(times):
        assert await ask(guarded) is DOWN
    provider.failure = before


async def test_an_answer_passes_unchanged(guarded: GuardedProvider) -> None:
    assert await ask(guarded) == ANSWER


async def test_a_provider_that_is_down_is_left_alone_after_five_failures(
    guarded: GuardedProvider, provider: Provider, clock: Clock
) -> None:
    await fail(guarded, provider)
    clock.now += 5

    refused = await ask(guarded)

    assert isinstance(refused, ProviderUnreachable)
    assert refused.retry_after_seconds == pytest.approx(10)
    assert provider.calls == 5
    with pytest.raises(ProviderUnreachable):
        await guarded.list_models()


async def test_after_a_rest_one_call_tries_and_opens_the_way_for_all(
    guarded: GuardedProvider, provider: Provider, clock: Clock
) -> None:
    await fail(guarded, provider)
    clock.now += 15
    provider.waits.clear()

    probing = asyncio.create_task(ask(guarded))
    await asyncio.sleep(0)
    meanwhile = await ask(guarded)
    provider.waits.set()

    assert isinstance(meanwhile, ProviderUnreachable)
    assert await probing == await ask(guarded) == ANSWER
    assert provider.calls == 7


async def test_a_try_that_fails_begins_another_rest(
    guarded: GuardedProvider, provider: Provider, clock: Clock
) -> None:
    await fail(guarded, provider)
    clock.now += 15
    await fail(guarded, provider, times=1)
    clock.now += 14

    refused = await ask(guarded)

    assert isinstance(refused, ProviderUnreachable)
    assert provider.calls == 6
    clock.now += 1
    assert await ask(guarded) == ANSWER


async def test_a_try_that_is_cancelled_leaves_it_to_the_next(
    guarded: GuardedProvider, provider: Provider, clock: Clock
) -> None:
    await fail(guarded, provider)
    clock.now += 15
    provider.waits.clear()
    probing = asyncio.create_task(ask(guarded))
    await asyncio.sleep(0)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    provider.waits.set()

    assert await ask(guarded) == ANSWER


async def test_one_success_forgives_all_failures(
    guarded: GuardedProvider, provider: Provider
) -> None:
    for _ in range(3):
        await fail(guarded, provider, times=4)
        assert await ask(guarded) == ANSWER


async def test_failures_far_apart_are_no_outage(
    guarded: GuardedProvider, provider: Provider, clock: Clock
) -> None:
    for _ in range(8):
        await fail(guarded, provider, times=1)
        clock.now += 16

    assert await ask(guarded) == ANSWER


async def test_refusals_do_not_count_and_show_that_the_provider_is_there(
    guarded: GuardedProvider, provider: Provider
) -> None:
    provider.failure = ProviderRefused(upstream_status=400)
    for _ in range(10):
        await ask(guarded)
    await fail(guarded, provider, times=4)
    await ask(guarded)
    await fail(guarded, provider, times=4)
    provider.failure = None

    assert await ask(guarded) == ANSWER


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (DOWN, True),
        (ProviderUnreachable(detail="timeout: ReadTimeout"), True),
        (ProviderUnreachable(upstream_status=504), True),
        (ProviderError(upstream_status=500), True),
        (ProviderBusy(upstream_status=503), True),
        (ProviderBusy(upstream_status=529), True),
        (ProviderUnreachable(upstream_status=408), False),
        (ProviderBusy(upstream_status=429), False),
        (ProviderRejectedKey(upstream_status=401), False),
        (ProviderIncomplete(), False),
        (ProviderError(detail="not a stream"), False),
    ],
)
def test_only_failed_connections_and_the_providers_own_errors_count(
    error: ProviderError, counts: bool
) -> None:
    assert is_outage(error) is counts


async def test_targets_do_not_know_of_one_another(
    provider: Provider, breaker: CircuitBreaker
) -> None:
    await fail(GuardedProvider(provider, breaker, "down"), provider)

    assert await ask(GuardedProvider(provider, breaker, "up")) == ANSWER


async def test_what_is_remembered_is_bounded(provider: Provider, clock: Clock) -> None:
    breaker = CircuitBreaker(clock=clock, max_targets=10)
    for number in range(100):
        await fail(GuardedProvider(provider, breaker, number), provider, times=1)

    assert len(breaker._troubles) == 10


async def test_closing_a_stream_closes_the_providers(
    guarded: GuardedProvider, provider: Provider
) -> None:
    stream = guarded.stream(REQUEST)
    await anext(stream)

    await stream.aclose()  # type: ignore[attr-defined]

    assert provider.closed == 1


def test_an_address_of_ones_own_is_nobody_elses_trouble() -> None:
    policy, ada, bob = EgressPolicy(allow_loopback=True), uuid4(), uuid4()
    openai = find_provider("openai")
    usual = check_base_url("https://api.openai.com/v1", policy)
    own = check_base_url("https://proxy.example.com/v1", policy)

    assert _target(openai, usual, ada) == _target(openai, usual, bob)
    assert _target(openai, own, ada) != _target(openai, own, bob)
    assert _target(openai, own, ada) != _target(find_provider("groq"), own, ada)
