"""What a model thinks: told to whoever reads, whenever they begin to; kept apart, in bounds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from backend_functions.chat_request import answer
from tests.backend_functions.chat_request.conftest import Event, ask, text_of
from tests.backend_functions.chat_request.test_resume_and_cancel import other, resume, there
from tests.backend_functions.conftest import Functions, Person
from tests.support.upstream import Upstream

__all__ = ["other", "there"]

pytestmark = pytest.mark.db

MakeChat = Callable[..., Awaitable[UUID]]
STORED = (
    "select id, content, metadata ->> 'reasoning' from public.messages where role = 'assistant'"
)


def thoughts_of(events: list[Event]) -> str:
    return "".join(data["text"] for name, data in events if name == "reasoning")


@pytest.fixture
async def thinking(
    functions: Functions, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> AsyncIterator[tuple[asyncio.Task[list[Event]], str]]:
    """An answer in the midst of which its model waits, as it is stored by a beat; and its id."""
    asking = asyncio.create_task(ask(alice, await make_chat(alice, "thinks-on")))
    while not (rows := await functions.rows(STORED)) or rows[0][1:] != ("first half, ", "Hm, "):
        await asyncio.sleep(0.05)
    yield asking, str(rows[0][0])
    upstream.release.set()
    await asking


@pytest.mark.parametrize("after", [0, 6, 12])
@pytest.mark.parametrize("server", ["the same", "another"])
async def test_who_takes_up_an_answer_is_told_its_reasoning_from_the_beginning(
    thinking: tuple[asyncio.Task[list[Event]], str],
    functions: Functions,
    alice: Person,
    there: Person,
    upstream: Upstream,
    server: str,
    after: int,
) -> None:
    reading = asyncio.create_task(
        resume(alice if server == "the same" else there, thinking[1], after)
    )
    while len(functions.services.streams) < 3 and server == "the same":
        await asyncio.sleep(0.01)
    upstream.release.set()

    events = await reading

    assert [name for name, _ in events[:2]] == ["started", "reasoning"]
    assert thoughts_of(events) == "Hm, oh."
    assert text_of(events) == "first half, second half"[after:]
    assert events[-1][1]["message"]["metadata"]["reasoning"] == "Hm, oh."


async def test_reasoning_is_kept_apart_and_told_to_no_model(
    functions: Functions, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    upstream.release.set()
    chat = await make_chat(alice, "thinks-on")

    first = await ask(alice, chat)
    await ask(alice, chat, "again")

    assert thoughts_of(first) == "Hm, oh."
    assert (await functions.rows(STORED))[0][1:] == ("first half, second half", "Hm, oh.")
    assert [turn["content"] for turn in upstream.requests[-1]["messages"]] == [
        "hi",
        "first half, second half",
        "again",
    ]


async def test_reasoning_is_told_and_kept_up_to_its_bound(
    functions: Functions,
    alice: Person,
    make_chat: MakeChat,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answer, "MAX_REASONING_CHARACTERS", 5)
    upstream.release.set()

    events = await ask(alice, await make_chat(alice, "thinks-on"))

    assert thoughts_of(events) == "Hm, o"
    assert text_of(events) == "first half, second half"
    assert (await functions.rows(STORED))[0][2] == "Hm, o"


async def test_an_answer_without_reasoning_has_none(
    functions: Functions, alice: Person, make_chat: MakeChat
) -> None:
    events = await ask(alice, await make_chat(alice))

    assert "reasoning" not in events[-1][1]["message"]["metadata"]
