import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import httpx
import pytest

from backend_functions.access import FixedKeys, TokenVerifier
from backend_functions.app import Services, function_routes, make_app
from backend_functions.settings import Settings
from tests.backend_functions.chat_request.conftest import Event, ask, read_events, text_of
from tests.backend_functions.conftest import ISSUER, Functions, Person
from tests.support.plain import NO_TLS
from tests.support.serving import served
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

MakeChat = Callable[..., Awaitable[UUID]]
STREAM = {"accept": "text/event-stream"}
FIRST, SECOND = "first half, ", "second half"


@pytest.fixture
async def other(
    functions: Functions, make_settings: Callable[..., Settings]
) -> AsyncIterator[Functions]:
    """A second server on the same database."""
    services = Services.build(make_settings(), max_connections=4)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(functions.signer.public_keys))
    async with served(make_app(services, function_routes(services, verifier))) as url:
        yield Functions(url, services, functions.signer, functions.connection)


@pytest.fixture
async def there(other: Functions, alice: Person) -> AsyncIterator[Person]:
    """Alice, calling the second server."""
    headers = dict(alice.http.headers)
    async with httpx.AsyncClient(
        base_url=other.url, headers=headers, timeout=20, verify=NO_TLS
    ) as http:
        yield Person(alice.caller, http)


async def resume(person: Person, answer_id: str, after: int = 0) -> list[Event]:
    path = f"/functions/v1/chat-request/{answer_id}"
    headers = STREAM | {"last-event-id": str(after)}
    async with person.http.stream("GET", path, headers=headers) as response:
        if response.status_code != 200:
            await response.aread()
            return [("error", response.json()["error"]["code"])]
        return [event async for event in read_events(response.aiter_bytes())]


async def begin(
    functions: Functions, person: Person, chat_id: UUID
) -> tuple[asyncio.Task[list[Event]], str]:
    """Start an answer that waits after its first half, and give its id."""
    asking = asyncio.create_task(ask(person, chat_id))
    query = "select id::text from public.messages where chat_id = %s and role = 'assistant'"
    async with asyncio.timeout(30):
        while not (rows := await functions.rows(query, chat_id)):
            await asyncio.sleep(0.01)
        while (running := functions.services.running.find(UUID(rows[0][0]), user(person))) is None:
            await asyncio.sleep(0.01)
        while not running.length:
            await asyncio.sleep(0.01)
    return asking, rows[0][0]


def user(person: Person) -> UUID:
    assert person.caller.user_id is not None
    return person.caller.user_id


@pytest.mark.parametrize("after", [0, 6, len(FIRST), 10_000])
async def test_a_running_answer_is_taken_up_after_any_offset(
    functions: Functions, alice: Person, make_chat: MakeChat, upstream: Upstream, after: int
) -> None:
    asking, answer_id = await begin(functions, alice, await make_chat(alice, "waits"))
    taking_up = asyncio.create_task(resume(alice, answer_id, after))
    await asyncio.sleep(0.1)

    upstream.release.set()

    events = await taking_up
    assert text_of(events) == FIRST[after:] + SECOND
    assert events[-1] == (await asking)[-1]
    assert [name for name, _ in events].count("done") == 1


async def test_an_answer_is_taken_up_on_another_server(
    functions: Functions, there: Person, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    asking, answer_id = await begin(functions, alice, await make_chat(alice, "waits"))
    taking_up = asyncio.create_task(resume(there, answer_id, 6))
    await asyncio.sleep(1.2)

    upstream.release.set()

    events = await taking_up
    assert text_of(events) == (FIRST + SECOND)[6:]
    assert events[-1][1]["message"]["id"] == answer_id
    await asking


async def test_the_same_message_id_on_another_server_attaches_to_the_answer(
    functions: Functions, there: Person, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    chat_id, message_id = await make_chat(alice, "waits"), str(uuid4())
    first = asyncio.create_task(ask(alice, chat_id, messageId=message_id))
    while not upstream.requests:
        await asyncio.sleep(0.01)
    again = asyncio.create_task(ask(there, chat_id, messageId=message_id))
    await asyncio.sleep(0.1)

    upstream.release.set()

    assert text_of(await first) == text_of(await again) == FIRST + SECOND
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("after", [0, 6])
async def test_a_finished_answer_can_still_be_taken_up(
    alice: Person, make_chat: MakeChat, after: int
) -> None:
    asked = await ask(alice, await make_chat(alice))

    events = await resume(alice, asked[-1][1]["message"]["id"], after)

    assert text_of(events) == "word0 word1 word2 "[after:]
    assert events[-1] == asked[-1]


async def test_the_moment_of_an_answer_is_spelt_in_one_way(
    functions: Functions, alice: Person, make_chat: MakeChat
) -> None:
    answer_id = (await ask(alice, await make_chat(alice)))[-1][1]["message"]["id"]
    moment = "2026-11-22T20:17:11.08674+00:00"
    await functions.rows(
        "update public.messages set created_at = %s where id = %s returning id", moment, answer_id
    )

    assert (await resume(alice, answer_id))[-1][1]["message"]["created_at"] == moment


async def test_a_cancelled_answer_keeps_what_there_is_and_leaves_the_provider(
    functions: Functions, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    asking, answer_id = await begin(functions, alice, await make_chat(alice, "waits"))

    response = await alice.post(f"/chat-request/{answer_id}/cancel", {})

    assert response.json()["content"] == FIRST
    assert response.json()["metadata"]["status"] == "cancelled"
    assert (await asking)[-1] == ("done", {"message": response.json()})
    again = await alice.post(f"/chat-request/{answer_id}/cancel", {})
    assert again.json() == response.json()
    assert await functions.rows("select 1 from private.running_answers") == []


async def test_an_answer_is_cancelled_from_another_server(
    functions: Functions, there: Person, alice: Person, make_chat: MakeChat
) -> None:
    asking, answer_id = await begin(functions, alice, await make_chat(alice, "waits"))

    response = await there.post(f"/chat-request/{answer_id}/cancel", {})

    assert response.json()["metadata"]["status"] == "cancelled"
    await asking


async def test_nobody_takes_up_or_cancels_somebody_elses_answer(
    functions: Functions, alice: Person, bob: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    asking, answer_id = await begin(functions, alice, await make_chat(alice, "waits"))

    taken = await resume(bob, answer_id)
    cancelled = await bob.post(f"/chat-request/{answer_id}/cancel", {})
    missing = await bob.post(f"/chat-request/{uuid4()}/cancel", {})

    assert taken == [("error", "not_found")]
    assert cancelled.status_code == missing.status_code == 404
    upstream.release.set()
    assert (await asking)[-1][0] == "done"


async def test_an_answer_whose_server_died_is_marked_by_another(
    functions: Functions,
    other: Functions,
    there: Person,
    alice: Person,
    make_chat: MakeChat,
    upstream: Upstream,
) -> None:
    asking, answer_id = await begin(functions, alice, await make_chat(alice, "waits"))
    await asyncio.sleep(1.3)  # the text so far is stored
    await functions.services.replica.stop()  # as if the process hung
    await functions.rows(
        "update private.running_answers set heartbeat_at = now() - interval '21 s' returning 1"
    )

    await other.services.replica.take_over()

    events = await resume(there, answer_id)
    assert text_of(events) == FIRST
    assert events[-1][1]["code"] == "unavailable"
    upstream.release.set()
    assert (await asking)[-1][0] == "failed"  # who wakes up late changes nothing
    stored = await functions.rows(
        "select content, metadata ->> 'status' from public.messages where id = %s", answer_id
    )
    assert stored == [(FIRST, "interrupted")]


async def test_a_server_that_lives_is_left_alone(
    functions: Functions, other: Functions, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    asking, _ = await begin(functions, alice, await make_chat(alice, "waits"))
    await functions.services.replica.beat()

    await other.services.replica.take_over()

    upstream.release.set()
    assert (await asking)[-1][0] == "done"


@pytest.mark.parametrize("offset", ["-1", "x", "1e9", "9" * 13])
async def test_an_offset_that_is_none_is_refused(
    alice: Person, make_chat: MakeChat, offset: str
) -> None:
    asked = await ask(alice, await make_chat(alice))
    path = f"/functions/v1/chat-request/{asked[-1][1]['message']['id']}"

    response = await alice.http.get(path, headers=STREAM | {"last-event-id": offset})

    assert response.status_code == 422
