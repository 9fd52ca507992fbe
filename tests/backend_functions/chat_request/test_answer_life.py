import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from psycopg import OperationalError

from backend_functions.chat_request.ask import Asker
from backend_functions.chat_request.writer import AnswerWriter
from backend_functions.settings import Limits
from tests.backend_functions.chat_request.conftest import ask, read_events, text_of
from tests.backend_functions.conftest import Functions, Person
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

MakeChat = Callable[..., Awaitable[UUID]]
STORED = (
    "select content, metadata ->> 'status', metadata #>> '{error,code}' from public.messages"
    " where chat_id = %s and role = 'assistant'"
)


@pytest.mark.parametrize(
    ("model", "code", "status", "text"),
    [
        ("401", "provider_rejected_key", "failed", ""),
        ("429", "provider_busy", "failed", ""),
        ("500", "provider_failed", "failed", ""),
        ("html", "provider_failed", "failed", ""),
        ("garbage", "provider_failed", "failed", ""),
        ("hangs-up", "provider_unreachable", "failed", ""),
        ("nothing", "provider_incomplete", "incomplete", ""),
        ("no-end", "provider_incomplete", "incomplete", "half an ans"),
        ("cut", "provider_incomplete", "incomplete", "half an ans"),
        ("error-in-stream", "provider_busy", "incomplete", "half "),
    ],
)
async def test_a_failure_of_the_provider_is_told_and_stored_with_the_text_so_far(
    alice: Person,
    make_chat: MakeChat,
    functions: Functions,
    model: str,
    code: str,
    status: str,
    text: str,
) -> None:
    chat_id = await make_chat(alice, model)

    events = await ask(alice, chat_id)

    assert events[-1][0] == "failed"
    assert events[-1][1]["code"] == code
    assert [name for name, _ in events].count("done") == 0
    assert text_of(events) == text
    assert await functions.rows(STORED, chat_id) == [(text, status, code)]
    assert "sk-secret" not in str(events)


@pytest.mark.parametrize(
    ("model", "times", "end"),
    [
        ("busy-once", 2, "done"),
        ("429", 3, "failed"),
        ("500", 3, "failed"),
        ("429-for-an-hour", 1, "failed"),
        ("401", 1, "failed"),
        ("404", 1, "failed"),
        ("error-in-stream", 1, "failed"),
        ("cut", 1, "failed"),
    ],
)
async def test_a_provider_is_asked_again_only_before_its_first_word_and_only_if_that_may_help(
    alice: Person, make_chat: MakeChat, upstream: Upstream, model: str, times: int, end: str
) -> None:
    events = await ask(alice, await make_chat(alice, model))

    assert events[-1][0] == end
    assert len(upstream.requests) == times


async def test_without_a_stream_a_failure_has_the_status_of_its_code(
    alice: Person, make_chat: MakeChat
) -> None:
    chat_id = await make_chat(alice, "429")

    response = await alice.post("/chat-request", {"chatId": str(chat_id), "prompt": "hi"})

    assert response.status_code == 503
    assert response.json()["error"]["code"] == "provider_busy"


async def test_an_answer_goes_on_when_its_reader_leaves(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, "waits")
    async with alice.http.stream(
        "POST",
        "/functions/v1/chat-request",
        json={"chatId": str(chat_id), "prompt": "hi"},
        headers={"accept": "text/event-stream"},
    ) as response:
        async for name, _ in read_events(response.aiter_bytes()):
            if name == "delta":
                break

    upstream.release.set()

    async with asyncio.timeout(30):
        while (rows := await functions.rows(STORED, chat_id))[0][1] == "streaming":
            await asyncio.sleep(0.02)
    assert rows == [("first half, second half", "complete", None)]


async def test_the_text_so_far_is_in_the_row_while_the_rest_is_awaited(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, "waits")
    asking = asyncio.create_task(ask(alice, chat_id))

    async with asyncio.timeout(30):
        while True:
            rows = await functions.rows(STORED, chat_id)
            if rows and rows[0][0]:
                break
            await asyncio.sleep(0.05)

    assert rows == [("first half, ", "streaming", None)]
    upstream.release.set()
    await asking


async def test_no_connection_to_the_database_is_held_while_a_model_thinks(
    alice: Person, bob: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    waiting = [
        asyncio.create_task(ask(person, await make_chat(person, "waits")))
        for person in [alice, bob] * 6  # three times as many as the pool has connections
    ]
    while len(upstream.requests) < len(waiting):
        await asyncio.sleep(0.01)

    served = await ask(alice, await make_chat(alice))

    assert served[-1][0] == "done"
    upstream.release.set()
    await asyncio.gather(*waiting)


async def test_stopping_the_server_stores_what_there_is(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, "waits")
    asking = asyncio.create_task(ask(alice, chat_id))
    while not upstream.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)

    await functions.services.running.stop_all()

    events = await asking
    assert events[-1] == (
        "failed",
        {
            "code": "unavailable",
            "message": "The server was stopped.",
            "assistant_message_id": events[0][1]["assistant_message_id"],
        },
    )
    assert await functions.rows(STORED, chat_id) == [("first half, ", "interrupted", "unavailable")]


async def test_a_question_that_is_being_saved_when_the_server_is_stopped_is_not_waited_for(
    alice: Person, make_chat: MakeChat, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat_id = await make_chat(alice, "waits")
    save = Asker._save

    async def save_and_be_stopped(self: Asker, *given: Any) -> Any:
        saved = await save(self, *given)
        await self.running.stop_all()
        return saved

    monkeypatch.setattr(Asker, "_save", save_and_be_stopped)
    events = await ask(alice, chat_id)

    assert (events[-1][0], events[-1][1]["code"]) == ("failed", "unavailable")
    assert await functions.rows(STORED, chat_id) == [("", "interrupted", "unavailable")]


async def test_an_end_that_was_stored_although_it_seemed_to_fail_is_no_failure(
    alice: Person, make_chat: MakeChat, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, failures = AnswerWriter._store_end, [OperationalError("the connection is lost")]

    async def store_and_lose_the_word(self: AnswerWriter, values: dict[str, Any]) -> Any:
        row = await store(self, values)
        if failures:
            raise failures.pop()
        return row

    monkeypatch.setattr(AnswerWriter, "_store_end", store_and_lose_the_word)
    chat_id = await make_chat(alice)

    events = await ask(alice, chat_id)

    assert events[-1][0] == "done"
    assert events[-1][1]["message"]["content"] == "word0 word1 word2 "
    assert await functions.rows(STORED, chat_id) == [("word0 word1 word2 ", "complete", None)]


async def test_what_a_model_writes_cannot_forge_an_event(
    alice: Person, make_chat: MakeChat
) -> None:
    events = await ask(alice, await make_chat(alice, "hostile"))

    assert [name for name, _ in events] == ["started", "delta", "done"]
    assert "event: done" in text_of(events)


@pytest.mark.parametrize("limits", [Limits(max_answer_characters=8)])
async def test_an_endless_answer_is_cut_and_says_so(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    upstream.words = 1000
    chat_id = await make_chat(alice, "one-by-one")

    events = await ask(alice, chat_id)

    assert events[-1][1]["message"]["metadata"]["status"] == "truncated"
    async with asyncio.timeout(30):
        while upstream.open_streams:
            await asyncio.sleep(0.02)


async def test_an_answer_cut_at_the_configs_max_tokens_says_so(
    alice: Person, make_chat: MakeChat
) -> None:
    events = await ask(alice, await make_chat(alice, "length"))

    metadata = events[-1][1]["message"]["metadata"]
    assert (metadata["status"], metadata["finish_reason"]) == ("truncated", "length")


@pytest.mark.parametrize("limits", [Limits(first_token_seconds=0.3, idle_seconds=5)])
async def test_a_provider_that_says_nothing_is_given_up(
    alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    upstream.words = 0
    chat_id = await make_chat(alice, "silent")

    events = await ask(alice, chat_id)

    assert events[-1][1]["code"] == "provider_unreachable"


@pytest.mark.parametrize("limits", [Limits(answer_seconds=2)])
async def test_an_answer_that_takes_too_long_is_cut_off_and_kept(
    alice: Person, make_chat: MakeChat, functions: Functions
) -> None:
    chat_id = await make_chat(alice, "waits")

    events = await ask(alice, chat_id)

    assert events[-1][1]["code"] == "provider_incomplete"
    assert await functions.rows(STORED, chat_id) == [
        ("first half, ", "incomplete", "provider_incomplete")
    ]


async def test_an_answer_whose_chat_was_deleted_ends_without_being_saved(
    alice: Person, make_chat: MakeChat, functions: Functions, upstream: Upstream
) -> None:
    chat_id = await make_chat(alice, "waits")
    asking = asyncio.create_task(ask(alice, chat_id))
    while not upstream.requests:
        await asyncio.sleep(0.01)
    await functions.rows("delete from public.chats where id = %s returning 1", chat_id)

    upstream.release.set()

    assert (await asking)[-1][0] == "failed"


async def test_nobody_gets_in_without_a_users_token(functions: Functions) -> None:
    body = {"chatId": "x", "prompt": "hi"}
    for authorization in (
        "",
        "Basic eDp5",
        "Bearer",
        "Bearer sb_publishable_test",
        "Bearer x.y.z",
    ):
        async with httpx.AsyncClient(base_url=functions.url) as http:
            response = await http.post(
                "/functions/v1/chat-request", json=body, headers={"authorization": authorization}
            )

        assert response.status_code == 401, authorization
        assert response.headers["www-authenticate"].startswith("Bearer")
