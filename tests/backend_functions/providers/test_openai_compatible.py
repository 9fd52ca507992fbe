from collections.abc import AsyncIterator

import httpx
import pytest

from backend_functions import errors
from backend_functions.egress import EgressPolicy, open_client
from backend_functions.providers.base import (
    ChatEvent,
    ChatRequest,
    ChatTurn,
    Finished,
    ReasoningDelta,
    TextDelta,
)
from backend_functions.providers.openai_compatible import (
    CompletionReader,
    OpenAICompatible,
    build_payload,
)
from backend_functions.settings import Limits
from tests.support.upstream import DONE, USAGE, Upstream, event


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream().running() as running:
        yield running


async def ask(upstream: Upstream, model: str) -> list[ChatEvent]:
    async with open_client(EgressPolicy(allow_loopback=True), Limits(idle_seconds=2)) as http:
        provider = OpenAICompatible(http, base_url=httpx.URL(upstream.base_url), api_key="sk-1")
        request = ChatRequest(model, (ChatTurn("user", "hi"),), max_tokens=9)
        return [found async for batch in provider.stream(request) for found in batch]


async def test_an_answer_is_its_pieces_and_one_end_with_the_token_counts(
    upstream: Upstream,
) -> None:
    events = await ask(upstream, "any")

    assert events == [
        TextDelta("word0 "),
        TextDelta("word1 "),
        TextDelta("word2 "),
        Finished("stop", 11, 5),
    ]
    assert upstream.headers[0]["authorization"] == "Bearer sk-1"
    assert upstream.headers[0]["accept-encoding"] == "identity"


async def test_what_the_model_thinks_is_kept_apart(upstream: Upstream) -> None:
    events = await ask(upstream, "thinks")

    assert events[:2] == [ReasoningDelta("hm"), TextDelta("yes")]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("401", errors.ProviderRejectedKey),
        ("404", errors.ProviderRefused),
        ("429", errors.ProviderBusy),
        ("500", errors.ProviderError),
        ("html", errors.ProviderError),
        ("redirect", errors.ProviderError),
        ("garbage", errors.ProviderError),
        ("nothing", errors.ProviderIncomplete),
        ("no-end", errors.ProviderIncomplete),
        ("cut", errors.ProviderIncomplete),
        ("error-in-stream", errors.ProviderBusy),
        ("hangs-up", errors.ProviderUnreachable),
    ],
)
async def test_each_failure_has_its_own_error_and_quotes_nobody(
    upstream: Upstream, model: str, kind: type[errors.ProviderError]
) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        await ask(upstream, model)

    assert type(caught.value) is kind
    assert "sk-secret" not in caught.value.message
    assert len(upstream.requests) == 1


async def test_leaving_early_closes_the_connection(upstream: Upstream) -> None:
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        provider = OpenAICompatible(http, base_url=httpx.URL(upstream.base_url), api_key=None)
        stream = provider.stream(ChatRequest("one-by-one", (ChatTurn("user", "hi"),)))
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]

    assert "authorization" not in upstream.headers[0]


STRANGE = (
    b'data: {"choices":[]}\n\n'
    b'data: {"choices":[{"delta":null}]}\n\n'
    b'data: {"choices":[{"delta":{"content":5}}]}\n\n'
    b'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n'
    b'data: {"choices":"x","usage":null}\n\n'
    b'data: {"choices":[{"delta":{"content":"\xff\xc3\xa9"}}]}\n\n'
)


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_strange_chunks_neither_crash_nor_change_with_the_cut(size: int) -> None:
    reader, stream = CompletionReader(), STRANGE + event({}, "length") + USAGE + DONE

    events = [
        found
        for start in range(0, len(stream), size)
        for found in reader.feed(stream[start : start + size])
    ]

    assert events == [TextDelta("\ufffdé"), Finished("length", 11, 5)]
    assert reader.is_done


def test_settings_at_their_neutral_value_are_left_to_the_provider() -> None:
    request = ChatRequest(
        "m",
        (ChatTurn("user", "hi"),),
        temperature=0.0,
        top_p=1.0,
        frequency_penalty=0.0,
        max_tokens=3,
    )

    payload = build_payload(request, "max_completion_tokens")

    assert payload["temperature"] == 0.0
    assert payload["max_completion_tokens"] == 3
    assert not {"top_p", "frequency_penalty", "presence_penalty"} & payload.keys()
