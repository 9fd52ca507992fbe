import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from backend_functions.settings import Limits
from tests.backend_functions.chat_request.conftest import ask, text_of
from tests.backend_functions.conftest import Functions, Person
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

MakeChat = Callable[..., Awaitable[UUID]]


async def test_an_answer_streams_and_is_kept_with_what_is_known_about_it(
    alice: Person, make_chat: MakeChat, functions: Functions
) -> None:
    chat_id = await make_chat(alice)

    events = await ask(alice, chat_id, "What is up?")

    assert [name for name, _ in events] == ["started", "delta", "delta", "delta", "done"]
    assert text_of(events) == "word0 word1 word2 "
    message = events[-1][1]["message"]
    assert message["content"] == "word0 word1 word2 "
    assert message["metadata"] | {"first_token_ms": 0, "total_ms": 0} == {
        "status": "complete",
        "provider": "openai-compatible",
        "model": "any",
        "model_config_id": message["metadata"]["model_config_id"],
        "finish_reason": "stop",
        "input_bytes": 11,
        "input_tokens": 11,
        "output_tokens": 5,
        "total_tokens": 16,
        "first_token_ms": 0,
        "total_ms": 0,
    }
    rows = await functions.rows(
        "select role, content from public.messages where chat_id = %s order by seq", chat_id
    )
    assert rows == [("user", "What is up?"), ("assistant", "word0 word1 word2 ")]


async def test_without_a_stream_the_answer_is_the_message_row(
    alice: Person, make_chat: MakeChat
) -> None:
    chat_id = await make_chat(alice)

    response = await alice.post("/chat-request", {"chatId": str(chat_id), "prompt": "hi"})

    assert response.status_code == 200
    assert set(response.json()) == {"id", "chat_id", "role", "content", "metadata", "created_at"}
    assert response.json()["content"] == "word0 word1 word2 "


async def test_the_model_is_told_the_system_prompt_and_the_turns_before(
    alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, system_prompt="Be brief.", temperature=0.7)
    await ask(alice, chat_id, "one")

    await ask(alice, chat_id, "two")

    assert upstream.requests[-1]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "word0 word1 word2 "},
        {"role": "user", "content": "two"},
    ]
    assert upstream.requests[-1]["temperature"] == 0.7
    assert upstream.requests[-1]["max_tokens"] == 2048


async def test_a_system_message_of_the_chat_replaces_the_configs_system_prompt(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, system_prompt="Be brief.")
    async with functions.services.database.as_user(alice.caller) as connection:
        await connection.execute(
            "insert into public.messages (chat_id, role, content) values (%s, 'system', 'Rhyme.')",
            (chat_id,),
        )

    await ask(alice, chat_id, "one")

    assert upstream.requests[-1]["messages"][0] == {"role": "system", "content": "Rhyme."}
    assert len(upstream.requests[-1]["messages"]) == 2


async def test_the_prompt_is_saved_before_the_provider_is_called(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, "waits")
    asking = asyncio.create_task(ask(alice, chat_id, "remember me"))
    while not upstream.requests:
        await asyncio.sleep(0.01)

    rows = await functions.rows(
        "select content, metadata ->> 'status' from public.messages where chat_id = %s"
        " order by seq",
        chat_id,
    )

    assert rows == [("remember me", None), ("", "streaming")]
    upstream.release.set()
    await asking


@pytest.mark.parametrize("times", [2, 5])
async def test_one_message_id_makes_one_prompt_and_one_answer(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream, times: int
) -> None:
    chat_id, message_id = await make_chat(alice, "one-by-one"), str(uuid4())

    results = await asyncio.gather(
        *(ask(alice, chat_id, "hi", messageId=message_id) for _ in range(times))
    )
    later = await ask(alice, chat_id, "hi", messageId=message_id)

    assert {text_of(events) for events in [*results, later]} == {"word0 word1 word2 "}
    assert len({events[-1][1]["message"]["id"] for events in [*results, later]}) == 1
    assert len(upstream.requests) == 1
    rows = await functions.rows("select id from public.messages where chat_id = %s", chat_id)
    assert len(rows) == 2


async def test_a_message_id_of_another_message_is_refused(
    alice: Person, bob: Person, make_chat: MakeChat
) -> None:
    message_id = str(uuid4())
    await ask(alice, await make_chat(alice), "hi", messageId=message_id)

    other_text = await ask(alice, await make_chat(alice), "hi", messageId=message_id)
    others = await ask(bob, await make_chat(bob), "hi", messageId=message_id)

    assert other_text[0][1]["code"] == "conflict"
    assert others[0][1]["code"] == "conflict"


async def test_two_questions_at_once_to_one_chat_have_an_order(
    alice: Person, make_chat: MakeChat, functions: Functions
) -> None:
    chat_id = await make_chat(alice)

    await asyncio.gather(*(ask(alice, chat_id, f"q{number}") for number in range(4)))

    rows = await functions.rows(
        "select role from public.messages where chat_id = %s order by seq", chat_id
    )
    assert [role for (role,) in rows] == ["user", "assistant"] * 4
    loose = await functions.rows(
        "select count(*) from public.messages where chat_id = %s and parent_id is null", chat_id
    )
    assert loose == [(1,)]


async def test_a_foreign_chat_and_a_missing_one_are_answered_alike(
    alice: Person, bob: Person, make_chat: MakeChat
) -> None:
    foreign = await ask(bob, await make_chat(alice))
    missing = await ask(bob, uuid4())

    for events in (foreign, missing):
        events[0][1].pop("request_id")
    assert (
        foreign
        == missing
        == [("error", {"code": "not_found", "message": "There is no such chat."})]
    )


async def test_without_a_model_config_nothing_is_saved(alice: Person, functions: Functions) -> None:
    async with functions.services.database.as_user(alice.caller) as connection:
        cursor = await connection.execute(
            "insert into public.chats (title) values ('t') returning id"
        )
        row = await cursor.fetchone()
        assert row is not None

    events = await ask(alice, row["id"])

    assert events[0][1]["code"] == "not_configured"
    assert await functions.rows("select 1 from public.messages") == []


async def test_a_provider_that_needs_a_key_is_not_called_without_one(
    alice: Person, make_chat: MakeChat, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    chat_id = await make_chat(alice, provider="openai", base_url=None)

    events = await ask(alice, chat_id)

    assert events[0][1]["code"] == "not_configured"
    assert await functions.rows("select 1 from public.messages") == []


async def test_the_default_config_answers_a_chat_that_names_none(
    alice: Person, make_chat: MakeChat, functions: Functions
) -> None:
    await make_chat(alice, "first-is-default")
    async with functions.services.database.as_user(alice.caller) as connection:
        cursor = await connection.execute(
            "insert into public.chats (title) values ('t') returning id"
        )
        row = await cursor.fetchone()
        assert row is not None

    events = await ask(alice, row["id"])

    assert events[-1][1]["message"]["metadata"]["model"] == "first-is-default"


@pytest.mark.parametrize("limits", [Limits(max_running_answers=2)])
async def test_one_user_cannot_take_all_places(
    alice: Person, bob: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    waiting = [asyncio.create_task(ask(alice, await make_chat(alice, "waits"))) for _ in range(2)]
    while len(upstream.requests) < 2:
        await asyncio.sleep(0.01)

    refused = await ask(alice, await make_chat(alice))
    served = await ask(bob, await make_chat(bob))

    assert refused[0][1]["code"] == "too_many_requests"
    assert served[-1][0] == "done"
    upstream.release.set()
    await asyncio.gather(*waiting)
    assert (await ask(alice, await make_chat(alice)))[-1][0] == "done"
