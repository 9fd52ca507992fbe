from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.backend_functions.chat_request.conftest import Event, ask, text_of
from tests.backend_functions.conftest import Functions, Person
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

MakeChat = Callable[..., Awaitable[UUID]]


def ids(events: list[Event]) -> tuple[str, str]:
    """The user's message and the answer of an exchange."""
    started = events[0][1]
    return started["user_message_id"], started["assistant_message_id"]


async def tree(functions: Functions, chat_id: UUID) -> list[tuple[Any, ...]]:
    return await functions.rows(
        "select id::text, parent_id::text, role from public.messages where chat_id = %s"
        " order by seq",
        chat_id,
    )


async def again(person: Person, chat_id: UUID, **body: Any) -> list[Event]:
    return await ask(person, chat_id, None, **body)


async def test_another_answer_stands_beside_the_first_and_is_the_tip(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, system_prompt="Be brief.")
    question, first = ids(await ask(alice, chat_id, "one"))

    events = await again(alice, chat_id, regenerate=first)

    _, second = ids(events)
    assert text_of(events) == "word0 word1 word2 "
    assert await tree(functions, chat_id) == [
        (question, None, "user"),
        (first, question, "assistant"),
        (second, question, "assistant"),
    ]
    assert [turn["content"] for turn in upstream.requests[-1]["messages"]] == ["Be brief.", "one"]
    tip = await functions.rows("select current_message_id::text from public.chats")
    assert tip == [(second,)]


async def test_the_same_regeneration_twice_makes_one_answer(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice)
    _, first = ids(await ask(alice, chat_id, "one"))
    answer_id = str(uuid4())

    made = await again(alice, chat_id, regenerate=first, messageId=answer_id)
    repeated = await again(alice, chat_id, regenerate=first, messageId=answer_id)

    assert ids(made)[1] == ids(repeated)[1] == answer_id
    assert len(await tree(functions, chat_id)) == 3
    assert len(upstream.requests) == 2


async def test_an_edited_message_stands_beside_the_first_one_and_is_answered(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice)
    one = ids(await ask(alice, chat_id, "one"))
    two = ids(await ask(alice, chat_id, "two"))

    edited = ids(await ask(alice, chat_id, "two, better", edit=two[0]))
    first = ids(await ask(alice, chat_id, "one, better", edit=one[0]))

    assert await tree(functions, chat_id) == [
        (one[0], None, "user"),
        (one[1], one[0], "assistant"),
        (two[0], one[1], "user"),
        (two[1], two[0], "assistant"),
        (edited[0], one[1], "user"),
        (edited[1], edited[0], "assistant"),
        (first[0], None, "user"),
        (first[1], first[0], "assistant"),
    ]
    told = [[turn["content"] for turn in request["messages"]] for request in upstream.requests]
    assert told[2] == ["one", "word0 word1 word2 ", "two, better"]
    assert told[3] == ["one, better"]


async def test_the_chat_goes_on_from_the_version_that_is_shown(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice)
    one = ids(await ask(alice, chat_id, "one"))
    await ask(alice, chat_id, "one, better", edit=one[0])
    async with functions.services.database.as_user(alice.caller) as connection:
        await connection.execute(
            "update public.chats set current_message_id = %s where id = %s", (one[1], chat_id)
        )

    await ask(alice, chat_id, "two")

    told = [turn["content"] for turn in upstream.requests[-1]["messages"]]
    assert told == ["one", "word0 word1 word2 ", "two"]


@pytest.mark.parametrize("field", ["edit", "regenerate"])
async def test_a_message_of_another_chat_or_user_has_no_versions_here(
    alice: Person, bob: Person, make_chat: MakeChat, field: str
) -> None:
    position = 0 if field == "edit" else 1
    foreign = ids(await ask(bob, await make_chat(bob), "his"))[position]
    elsewhere = ids(await ask(alice, await make_chat(alice), "hers"))[position]
    chat_id = await make_chat(alice)
    prompt: Any = "new" if field == "edit" else None

    answers = [
        await ask(alice, chat_id, prompt, **{field: message})
        for message in (foreign, elsewhere, str(uuid4()))
    ]

    assert {events[0][1]["code"] for events in answers} == {"not_found"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": "x", "regenerate": str(UUID(int=1))},
        {"edit": str(UUID(int=1))},
        {"edit": str(UUID(int=1)), "regenerate": str(UUID(int=2))},
    ],
    ids=["nothing", "both", "an edit without text", "edit and regenerate"],
)
async def test_a_request_asks_for_one_thing(
    alice: Person, make_chat: MakeChat, body: dict[str, str]
) -> None:
    response = await alice.post("/chat-request", {"chatId": str(await make_chat(alice)), **body})

    assert response.status_code == 422
