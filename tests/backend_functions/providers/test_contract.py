"""What every dialect's adapter must do alike, over a real socket."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from functools import partial

import httpx
import psutil
import pytest

from backend_functions import errors
from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.providers.base import (
    CatalogEntry,
    ChatRequest,
    ChatTurn,
    ReasoningDelta,
    TextDelta,
)
from backend_functions.providers.failures import is_retryable
from backend_functions.settings import Limits
from tests.backend_functions.providers.conftest import KEY, Pair
from tests.support.faults import TINY_EVENTS, body, status
from tests.support.wire import REASONS, Ending, Wire

REFUSALS = {
    "400": (errors.ProviderRefused, False),
    "401": (errors.ProviderRejectedKey, False),
    "403": (errors.ProviderRejectedKey, False),
    "404": (errors.ProviderRefused, False),
    "422": (errors.ProviderRefused, False),
    "429": (errors.ProviderBusy, True),
    "500": (errors.ProviderError, True),
    "502": (errors.ProviderError, True),
    "503": (errors.ProviderBusy, True),
    "504": (errors.ProviderUnreachable, True),
    "529": (errors.ProviderBusy, True),
    "redirect": (errors.ProviderError, False),
    "hangs-up": (errors.ProviderUnreachable, True),
    "says-nothing": (errors.ProviderUnreachable, False),
    "not-http": (errors.ProviderError, False),
    "html": (errors.ProviderError, False),
    "wrong-type": (errors.ProviderError, False),
    "no-type": (errors.ProviderError, False),
    "compressed": (errors.ProviderError, False),
    "no-object": (errors.ProviderError, False),
    "nothing": (errors.ProviderIncomplete, False),
}
BROKEN_OFF = {
    "no-end": errors.ProviderIncomplete,
    "ends-in-a-line": errors.ProviderIncomplete,
    "cut": errors.ProviderIncomplete,
    "closes-in-a-chunk": errors.ProviderIncomplete,
    "stalls": errors.ProviderUnreachable,
}


def assert_quotes_nobody(error: BaseException) -> None:
    while error.__cause__ is not None:
        assert KEY not in repr(error)
        error = error.__cause__
    assert KEY not in "".join(traceback.format_exception(error))
    assert KEY not in repr(error)


async def test_an_answer_is_its_pieces_and_one_end_with_the_counts(pair: Pair) -> None:
    events = await pair.ask("any")

    assert events == [TextDelta("one "), TextDelta("two"), pair.wire.finished("stop")]


async def test_what_a_model_thinks_is_kept_apart_from_what_it_says(pair: Pair) -> None:
    events = await pair.ask("thinks")

    assert events == [ReasoningDelta("hm"), TextDelta("yes"), pair.wire.finished("stop")]


@pytest.mark.parametrize("ending", ["length", "filtered"])
async def test_why_an_answer_ended_is_told(pair: Pair, ending: Ending) -> None:
    events = await pair.ask(ending)

    assert events[-1] == pair.wire.finished(REASONS[ending])


@pytest.mark.parametrize("model", REFUSALS)
async def test_each_refusal_has_its_own_error_and_is_asked_again_only_if_that_may_help(
    pair: Pair, model: str
) -> None:
    kind, may_help = REFUSALS[model]

    with pytest.raises(errors.ProviderError) as caught:
        await pair.ask(model)

    assert type(caught.value) is kind
    assert is_retryable(caught.value) is may_help
    assert pair.events == []
    assert len(pair.upstream.requests) == 1
    assert_quotes_nobody(caught.value)


async def test_an_error_with_status_200_is_an_error_all_the_same(pair: Pair) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await pair.ask("json-error")

    is_told = pair.wire.name in ("anthropic", "gemini")  # the others name no kind of error here
    assert isinstance(caught.value, errors.ProviderBusy) is is_told
    assert_quotes_nobody(caught.value)


@pytest.mark.parametrize("model", BROKEN_OFF)
async def test_an_answer_that_breaks_off_is_no_success_and_keeps_what_came(
    pair: Pair, model: str
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await pair.ask(model)

    assert type(caught.value) is BROKEN_OFF[model]
    assert pair.events == [TextDelta("a" if model == "stalls" else "half")]
    assert not is_retryable(caught.value)
    assert_quotes_nobody(caught.value)


async def test_an_error_in_the_midst_of_an_answer_is_an_error_and_no_text(pair: Pair) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await pair.ask("error-event")

    assert type(caught.value) is (
        errors.ProviderError if pair.wire.name == "ollama" else errors.ProviderBusy
    )
    assert pair.events == [TextDelta("half")]
    assert_quotes_nobody(caught.value)


async def test_garbage_in_the_midst_of_an_answer_is_an_error_and_no_text(pair: Pair) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await pair.ask("garbage")

    assert type(caught.value) is errors.ProviderError
    assert pair.events == []


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("crlf", "a"),
        ("separators", "a\u2028b\u2029c\x85d\ve"),
        ("not-unicode", "a\ufffdb"),
        ("half-a-pair", "a\ufffdb"),
        ("nul", "a\ufffdb"),
        ("after-the-end", "a"),
        ("byte-by-byte", "é\u2028😀"),
    ],
)
async def test_text_comes_through_as_it_was_meant(pair: Pair, model: str, text: str) -> None:
    events = await pair.ask(model)

    said = [event.text for event in events[:-1] if isinstance(event, TextDelta)]
    assert "".join(said) == text
    assert events[-1] == pair.wire.finished("stop")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "7", "retry_after_ms": "250"}, 0.25),
        ({"retry_after": "99999999"}, 3600.0),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
async def test_how_long_a_busy_provider_asks_to_wait_is_told(
    pair: Pair, headers: dict[str, str], seconds: float | None
) -> None:
    pair.upstream.faults["busy"] = status(429, **headers)

    with pytest.raises(errors.ProviderBusy) as caught:
        await pair.ask("busy")

    assert caught.value.retry_after_seconds == seconds
    assert caught.value.upstream_status == 429


async def test_comments_keep_a_stream_open_only_as_long_as_the_caller_waits(pair: Pair) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.8):  # longer than the idle timeout
            await pair.ask("keeps-alive")

    assert pair.events == []


async def test_leaving_early_closes_the_connection(pair: Pair) -> None:
    stream = pair.provider.stream(ChatRequest("endless", (ChatTurn("user", "hi"),)))
    async for _ in stream:
        break

    await stream.aclose()  # type: ignore[attr-defined]  # every adapter gives a generator

    await assert_closed(pair)


async def test_cancelling_closes_the_connection(pair: Pair) -> None:
    task = asyncio.create_task(pair.ask("endless"))
    while not pair.events:
        await asyncio.sleep(0.01)

    task.cancel()

    await asyncio.wait([task])
    await assert_closed(pair)


async def assert_closed(pair: Pair) -> None:
    while pair.upstream.open_streams:
        await asyncio.sleep(0.01)


async def test_the_key_travels_in_one_header_and_nowhere_else(pair: Pair) -> None:
    await pair.ask("any")

    upstream = pair.upstream
    holding = [name for name, value in upstream.headers[0].items() if KEY in value]
    assert holding == [
        {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}.get(pair.wire.name, "authorization")
    ]
    assert KEY not in upstream.targets[0] + str(upstream.requests[0])
    assert upstream.headers[0]["accept-encoding"] == "identity"


async def test_without_a_key_no_header_is_sent_for_one(pair: Pair, http: httpx.AsyncClient) -> None:
    provider = pair.wire.open(http, pair.upstream.base_url, None)

    async for _ in provider.stream(ChatRequest("any", (ChatTurn("user", "hi"),))):
        pass

    assert not {"authorization", "x-api-key", "x-goog-api-key"} & pair.upstream.headers[0].keys()


async def test_nobody_listening_is_an_error_that_may_be_tried_again(
    pair: Pair, http: httpx.AsyncClient
) -> None:
    provider = pair.wire.open(http, httpx.URL("http://127.0.0.1:9"), KEY)

    with pytest.raises(errors.ProviderUnreachable) as caught:
        async for _ in provider.stream(ChatRequest("any", (ChatTurn("user", "hi"),))):
            pass

    assert is_retryable(caught.value)
    assert_quotes_nobody(caught.value)


async def test_every_kind_of_turn_and_setting_is_put_in_words_the_provider_takes(
    pair: Pair,
) -> None:
    turns = (
        ChatTurn("system", "Be brief."),
        ChatTurn("assistant", "Hello, I begin."),
        ChatTurn("user", "one"),
        ChatTurn("user", "two"),
        ChatTurn("assistant", ""),
        ChatTurn("user", "three"),
    )
    request = ChatRequest(
        "any",
        turns,
        temperature=0.5,
        max_tokens=9,
        top_p=0.9,
        frequency_penalty=0.1,
        presence_penalty=0.1,
    )

    events = [event async for batch in pair.provider.stream(request) for event in batch]

    assert events[-1] == pair.wire.finished("stop")


async def test_the_models_of_a_key_are_listed(pair: Pair) -> None:
    entries = await pair.provider.list_models()

    title = "A" if pair.wire.name in ("anthropic", "gemini") else None
    assert entries == (CatalogEntry("model-a", title, 4096), CatalogEntry("model-b"))
    assert pair.upstream.requests == [{}]
    assert KEY not in pair.upstream.targets[0]


async def test_a_line_without_end_is_refused_long_before_it_fills_the_memory(pair: Pair) -> None:
    before = psutil.Process().memory_info().rss

    with pytest.raises(errors.ProviderError) as caught:
        await pair.ask("long-line")

    assert type(caught.value) is errors.ProviderError
    assert psutil.Process().memory_info().rss - before < 32 * 1024 * 1024


async def test_a_flood_of_tiny_pieces_is_taken_in_little_memory(pair: Pair) -> None:
    before = psutil.Process().memory_info().rss
    pieces, most = 0, 0

    async for batch in pair.provider.stream(ChatRequest("tiny-events", (ChatTurn("user", "hi"),))):
        pieces += len(batch)
        most = max(most, len(batch))

    assert pieces == TINY_EVENTS + 1
    assert most < 1000
    assert psutil.Process().memory_info().rss - before < 32 * 1024 * 1024


@pytest.fixture
async def many_streams_http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as client:
        yield client


def stays(answer: bytes, wire: Wire) -> bytes:
    return answer


async def test_answers_at_once_do_not_mix(pair: Pair, many_streams_http: httpx.AsyncClient) -> None:
    for number in range(20):
        answer = pair.wire.answer(f"answer {number}")
        pair.upstream.faults[f"m{number}"] = body(partial(stays, answer))
    provider = pair.wire.open(many_streams_http, pair.upstream.base_url, KEY)

    async def ask(number: int) -> str:
        request = ChatRequest(f"m{number}", (ChatTurn("user", "hi"),))
        events = [event async for batch in provider.stream(request) for event in batch]
        return "".join(event.text for event in events if isinstance(event, TextDelta))

    answers = await asyncio.gather(*map(ask, range(20)))

    assert answers == [f"answer {number}" for number in range(20)]
