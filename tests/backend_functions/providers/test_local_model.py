"""The real llama.cpp server, which speaks two of our dialects."""

from collections.abc import Iterator

import httpx
import pytest

from backend_functions import errors
from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.embedded.local_model import RunningModel
from backend_functions.embedded.weights import find_weights
from backend_functions.providers.base import (
    ChatProvider,
    ChatRequest,
    ChatTurn,
    Finished,
    TextDelta,
)
from backend_functions.providers.registry import find_provider, open_provider
from backend_functions.settings import Limits, LocalModel

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("local model")]

KEY = "sk-canary-of-llama"
TURNS = (
    ChatTurn("system", "You are a helpful assistant. Answer in one short sentence."),
    ChatTurn("user", "What is the capital"),
    ChatTurn("user", "of France?"),
)


@pytest.fixture(scope="module")
def model() -> Iterator[LocalModel]:
    weights = find_weights()
    assert weights is not None, "run `make setup`"
    running = RunningModel(weights, api_key=KEY)
    yield running.model
    del running  # stops the server


@pytest.fixture(params=["openai-compatible", "anthropic"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(
    dialect: str, http: httpx.AsyncClient, model: LocalModel, key: str | None
) -> ChatProvider:
    return open_provider(find_provider(dialect), http, httpx.URL(model.base_url), key)


async def test_a_real_server_answers_in_pieces_with_one_end(
    dialect: str, model: LocalModel
) -> None:
    request = ChatRequest(model.name, TURNS, temperature=0.2, max_tokens=24, top_p=0.9)
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        stream = opened(dialect, http, model, KEY).stream(request)
        events = [event async for batch in stream for event in batch]

    *pieces, end = events
    assert len(pieces) > 1
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)).strip()
    assert isinstance(end, Finished)
    assert end.reason in ("stop", "length")
    assert (end.input_tokens or 0) > 10
    assert 0 < (end.output_tokens or 0) <= 24


async def test_a_real_server_says_when_it_was_cut_short(dialect: str, model: LocalModel) -> None:
    counting = (ChatTurn("user", "Count to one hundred."),)
    request = ChatRequest(model.name, counting, temperature=0.0, max_tokens=3)
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        stream = opened(dialect, http, model, KEY).stream(request)
        events = [event async for batch in stream for event in batch]

    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "length"


@pytest.mark.parametrize("key", ["sk-wrong", None])
async def test_a_real_server_refuses_a_wrong_key(
    dialect: str, model: LocalModel, key: str | None
) -> None:
    request = ChatRequest(model.name, TURNS)
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        provider = opened(dialect, http, model, key)
        with pytest.raises(errors.ProviderRejectedKey):
            async for _ in provider.stream(request):
                pass


async def test_a_real_server_lists_its_model(dialect: str, model: LocalModel) -> None:
    async with open_client(EgressPolicy(allow_loopback=True), Limits()) as http:
        entries = await opened(dialect, http, model, KEY).list_models()

    (entry,) = entries
    assert entry.id == model.name
    assert (entry.context_tokens or 0) >= 2048
