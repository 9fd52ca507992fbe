import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from backend_functions.access import FixedKeys, TokenVerifier
from backend_functions.app import Services, function_routes, make_app
from backend_functions.chat_request.titles import clean_title
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.settings import InvalidSettings, Settings, read_titles
from tests.backend_functions.chat_request.conftest import ask
from tests.backend_functions.conftest import ISSUER, Functions, Person
from tests.conftest import Cluster
from tests.support.serving import served
from tests.support.upstream import Upstream

MakeChat = Callable[..., Awaitable[UUID]]


@pytest.fixture
def titles() -> str:
    return "model"


@pytest.fixture
async def functions(
    cluster: Cluster,
    make_settings: Callable[..., Settings],
    owner_connection: AsyncConnection[tuple[object, ...]],
    titles: str,
) -> Any:
    services = Services.build(make_settings(titles=titles), max_connections=4)
    signer = TokenSigner(cluster.keys.signing_key_pem, issuer=ISSUER)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(signer.public_keys))
    async with served(make_app(services, function_routes(services, verifier))) as url:
        yield Functions(url, services, signer, owner_connection)


async def title_of(functions: Functions, chat_id: UUID) -> tuple[str, str]:
    [row] = await functions.rows("select title, title_by from public.chats where id = %s", chat_id)
    return row[0], row[1]


async def titled_by_prompt(functions: Functions, chat_id: UUID) -> None:
    await functions.rows(
        "update public.chats set title_by = 'prompt' where id = %s returning 1", chat_id
    )


async def settled(functions: Functions) -> None:
    async with asyncio.timeout(30):
        while functions.services.running:
            await asyncio.sleep(0.02)


@pytest.mark.db
async def test_the_model_titles_a_chat_after_its_first_answer_and_only_then(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice)
    await titled_by_prompt(functions, chat_id)

    await ask(alice, chat_id, "first")
    await settled(functions)

    assert await title_of(functions, chat_id) == ("word0 word1 word2", "model")
    asked = upstream.requests[-1]["messages"]
    assert len(asked) == 1
    assert "User: first\n\nAssistant: word0 word1 word2" in asked[0]["content"]
    await ask(alice, chat_id, "second")
    await settled(functions)
    assert len(upstream.requests) == 3


@pytest.mark.db
async def test_a_title_that_a_person_gave_is_never_written_over(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    given, renamed = await make_chat(alice), await make_chat(alice, "waits")
    await titled_by_prompt(functions, renamed)
    asking = asyncio.create_task(ask(alice, renamed))
    while not upstream.requests:
        await asyncio.sleep(0.01)
    async with functions.services.database.as_user(alice.caller) as connection:
        await connection.execute("update public.chats set title = 'Mine' where id = %s", (renamed,))
    upstream.release.set()
    await asking

    await ask(alice, given)
    await settled(functions)

    assert await title_of(functions, given) == ("t", "person")
    assert await title_of(functions, renamed) == ("Mine", "person")


@pytest.mark.db
@pytest.mark.parametrize("titles", ["prompt"])
async def test_no_model_is_asked_for_a_title_unless_the_operator_wants_it(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice)
    await titled_by_prompt(functions, chat_id)

    await ask(alice, chat_id)
    await settled(functions)

    assert await title_of(functions, chat_id) == ("t", "prompt")
    assert len(upstream.requests) == 1


@pytest.mark.db
async def test_an_answer_that_failed_gives_no_title(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, "401")
    await titled_by_prompt(functions, chat_id)

    await ask(alice, chat_id)
    await settled(functions)

    assert await title_of(functions, chat_id) == ("t", "prompt")
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Trip to Oslo", "Trip to Oslo"),
        ('\n  **"Trip to  Oslo."**\nIt is nice.', "Trip to Oslo"),
        ("Title: Trip", "Trip"),
        ("# Trip\x1b[31m", "Trip[31m"),
        ("", None),
        ('""', None),
        ("x" * 100, "x" * 79 + "…"),
    ],
)
def test_a_title_is_one_plain_line(said: str, title: str | None) -> None:
    assert clean_title(said) == title


def test_the_setting_is_one_of_two_words() -> None:
    assert read_titles({}) == "prompt"
    assert read_titles({"POCKETLLM_TITLES": "model"}) == "model"
    with pytest.raises(InvalidSettings):
        read_titles({"POCKETLLM_TITLES": "me"})
