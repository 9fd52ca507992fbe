from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from backend_functions.access import FixedKeys, TokenVerifier
from backend_functions.app import Services, function_routes, make_app
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.settings import SearchKey, Settings, read_search_key
from tests.backend_functions.chat_request.conftest import ask, text_of
from tests.backend_functions.conftest import ISSUER, Functions, Person
from tests.conftest import Cluster
from tests.support.serving import served
from tests.support.tavily import Tavily
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

MakeChat = Callable[..., Awaitable[UUID]]
FOUND = [
    {"title": "One page", "url": "https://one.example/a"},
    {"title": "https://two.example/", "url": "https://two.example/"},
]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again without a pause."""
    monkeypatch.setattr("backend_functions.chat_request.writer._jitter", lambda: 0.0)


@pytest.fixture
async def tavily() -> AsyncIterator[tuple[Tavily, str]]:
    tavily = Tavily()
    async with served(tavily.app()) as url:
        yield tavily, url


@pytest.fixture
async def functions(
    cluster: Cluster,
    make_settings: Callable[..., Settings],
    owner_connection: AsyncConnection[tuple[object, ...]],
    tavily: tuple[Tavily, str],
) -> AsyncIterator[Functions]:
    """Functions whose server has a key for web search."""
    settings = make_settings(search_key=SearchKey(tavily[1], "tvly-server"))
    services = Services.build(settings, max_connections=4)
    signer = TokenSigner(cluster.keys.signing_key_pem, issuer=ISSUER)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(signer.public_keys))
    async with served(make_app(services, function_routes(services, verifier))) as url:
        yield Functions(url, services, signer, owner_connection)


async def test_sources_come_before_the_answer_are_stored_and_told_to_the_model(
    alice: Person, make_chat: MakeChat, tavily: tuple[Tavily, str], upstream: Upstream
) -> None:
    chat_id = await make_chat(alice)

    events = await ask(alice, chat_id, "what is new?", webSearch=True)

    assert [name for name, _ in events][:3] == ["started", "sources", "delta"]
    assert events[1][1] == FOUND
    assert events[-1][1]["message"]["metadata"]["sources"] == FOUND
    assert tavily[0].queries == [{"query": "what is new?", "max_results": 5}]
    assert tavily[0].keys == ["Bearer tvly-server"]
    told = upstream.requests[-1]["messages"][-1]["content"]
    assert told.startswith("what is new?\n\n")
    assert "[1] One page\nhttps://one.example/a\nFirst." in told
    assert "javascript:" not in told


async def test_the_prompt_is_stored_as_it_was_asked(
    alice: Person, make_chat: MakeChat, functions: Functions
) -> None:
    chat_id = await make_chat(alice)

    await ask(alice, chat_id, "what is new?", webSearch=True)

    rows = await functions.rows(
        "select content from public.messages where chat_id = %s and role = 'user'", chat_id
    )
    assert rows == [("what is new?",)]


async def test_a_users_own_key_goes_before_the_servers(
    alice: Person, make_chat: MakeChat, tavily: tuple[Tavily, str]
) -> None:
    chat_id = await make_chat(alice)
    own = {"name": "web", "provider": "tavily", "model": "search", "base_url": tavily[1]}
    added = await alice.post("/model-configs", {**own, "api_key": "tvly-mine-0123456789"})
    assert added.status_code == 201

    await ask(alice, chat_id, "what is new?", webSearch=True)

    assert tavily[0].keys == ["Bearer tvly-mine-0123456789"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("401", "provider_rejected_key"),
        ("429", "provider_busy"),
        ("plan", "provider_busy"),
        ("broken", "provider_failed"),
        ("html", "provider_failed"),
        ("flood", "provider_failed"),
    ],
)
async def test_a_search_that_fails_is_told_and_the_model_is_not_asked(
    alice: Person, make_chat: MakeChat, upstream: Upstream, query: str, code: str
) -> None:
    events = await ask(alice, await make_chat(alice), query, webSearch=True)

    assert events[-1][0] == "failed"
    assert events[-1][1]["code"] == code
    assert "search" in events[-1][1]["message"]
    assert "tvly" not in str(events)
    assert upstream.requests == []


async def test_a_search_that_is_busy_is_asked_again(
    alice: Person, make_chat: MakeChat, tavily: tuple[Tavily, str]
) -> None:
    events = await ask(alice, await make_chat(alice), "busy once", webSearch=True)

    assert events[-1][0] == "done"
    assert len(tavily[0].queries) == 2
    metadata = events[-1][1]["message"]["metadata"]
    assert (metadata["retries"], metadata["sources"]) == (1, FOUND)


@pytest.mark.parametrize(("query", "tries"), [("broken", 3), ("401", 1), ("plan", 1), ("html", 1)])
async def test_a_search_is_asked_again_as_a_provider_is(
    alice: Person, make_chat: MakeChat, tavily: tuple[Tavily, str], query: str, tries: int
) -> None:
    await ask(alice, await make_chat(alice), query, webSearch=True)

    assert len(tavily[0].queries) == tries


async def test_a_search_that_is_down_is_left_alone_and_questions_without_it_go_on(
    alice: Person, bob: Person, make_chat: MakeChat, tavily: tuple[Tavily, str]
) -> None:
    chat = await make_chat(alice)
    for _ in range(2):
        await ask(alice, chat, "broken", webSearch=True)
    asked = len(tavily[0].queries)

    left_alone = await ask(bob, await make_chat(bob), "what is new?", webSearch=True)
    without = await ask(alice, chat, "what is new?")

    assert asked == 5
    assert left_alone[-1][1]["code"] == "provider_unreachable"
    assert left_alone[-1][1]["message"].startswith("The web search could not be reached several")
    assert len(tavily[0].queries) == asked
    assert without[-1][0] == "done"


async def test_a_search_of_a_users_own_that_is_down_is_no_trouble_of_the_servers(
    alice: Person, bob: Person, make_chat: MakeChat, tavily: tuple[Tavily, str]
) -> None:
    own = {"name": "web", "provider": "tavily", "model": "search", "base_url": tavily[1]}
    await alice.post("/model-configs", {**own, "api_key": "tvly-mine-0123456789"})
    chat = await make_chat(alice)
    for _ in range(2):
        await ask(alice, chat, "broken", webSearch=True)

    hers = await ask(alice, chat, "what is new?", webSearch=True)
    his = await ask(bob, await make_chat(bob), "what is new?", webSearch=True)

    assert (hers[-1][0], his[-1][0]) == ("failed", "done")


async def test_finding_nothing_is_no_failure(
    alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    events = await ask(alice, await make_chat(alice), "nothing", webSearch=True)

    assert text_of(events) == "word0 word1 word2 "
    assert upstream.requests[-1]["messages"][-1]["content"] == "nothing"


async def test_without_any_key_nothing_is_saved(
    alice: Person, make_chat: MakeChat, functions: Functions, make_settings: Callable[..., Settings]
) -> None:
    services = Services.build(make_settings(), max_connections=2)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(functions.signer.public_keys))
    chat_id = await make_chat(alice)
    async with served(make_app(services, function_routes(services, verifier))) as url:
        response = await alice.http.post(
            f"{url}/functions/v1/chat-request",
            json={"chatId": str(chat_id), "prompt": "x", "webSearch": True},
        )

    assert response.json()["error"]["code"] == "search_not_configured"
    assert await functions.rows("select 1 from public.messages") == []


async def test_a_search_config_answers_no_question(
    alice: Person, make_chat: MakeChat, tavily: tuple[Tavily, str]
) -> None:
    chat_id = await make_chat(alice, "search", provider="tavily", base_url=tavily[1])

    events = await ask(alice, chat_id)

    assert events[0][0] == "error"


def test_the_servers_key_comes_from_the_environment() -> None:
    assert read_search_key({}) is None
    assert read_search_key({"TAVILY_API_KEY": "k", "TAVILY_BASE_URL": "https://x/"}) == SearchKey(
        "https://x", "k"
    )
