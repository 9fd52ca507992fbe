"""The bound on open streams, over real sockets at a small bound."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import httpx
import pytest

from backend_functions.settings import Limits
from tests.backend_functions.chat_request.conftest import ask
from tests.backend_functions.conftest import Functions, Person
from tests.support.upstream import Upstream

MakeChat = Callable[..., Awaitable[UUID]]
PATH = "/functions/v1/chat-request"
STREAM = {"accept": "text/event-stream"}
SMALL = Limits(
    max_open_streams=6,
    max_user_streams=5,
    max_running_answers=2,
    idle_seconds=5,
    first_token_seconds=5,
)


async def begin(stack: AsyncExitStack, person: Person, chat: UUID) -> httpx.Response:
    """Ask and leave the event stream open."""
    body = {"chatId": str(chat), "prompt": "hi"}
    return await stack.enter_async_context(
        person.http.stream("POST", PATH, json=body, headers=STREAM)
    )


async def until_open(functions: Functions, count: int) -> None:
    while len(functions.services.streams) != count:
        await asyncio.sleep(0.01)


async def rows(functions: Functions) -> int:
    return len(await functions.rows("select 1 from public.messages"))


@pytest.mark.db
@pytest.mark.parametrize("limits", [SMALL])
async def test_a_full_server_refuses_one_more_before_anything_is_saved(
    functions: Functions, alice: Person, bob: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    mine, his = await make_chat(alice, "waits"), await make_chat(bob, "waits")
    async with AsyncExitStack() as stack:
        for _ in range(2):
            assert (await begin(stack, alice, mine)).status_code == 200
        assert (await begin(stack, bob, his)).status_code == 200
        saved = await rows(functions)

        refused = await bob.post("/chat-request", {"chatId": str(his), "prompt": "x"}, **STREAM)

        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "too_many_requests"
        assert "The server has as many answers open" in refused.json()["error"]["message"]
        assert "Try again in a moment" in refused.json()["error"]["message"]
        assert int(refused.headers["retry-after"]) >= 1
        assert (await rows(functions), len(upstream.requests)) == (saved, 3)
        assert (await bob.http.get("/healthz")).status_code == 200
        upstream.release.set()
    await until_open(functions, 0)
    assert (await ask(bob, his))[-1][0] == "done"


@pytest.mark.db
@pytest.mark.parametrize("limits", [SMALL])
async def test_one_user_cannot_take_all_streams_by_reading(
    functions: Functions, alice: Person, bob: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    async with AsyncExitStack() as stack:
        first = await begin(stack, alice, await make_chat(alice, "waits"))
        answer = (await functions.rows("select answer_id from private.running_answers"))[0][0]
        reading = [
            await stack.enter_async_context(
                alice.http.stream("GET", f"{PATH}/{answer}", headers=STREAM)
            )
            for _ in range(4)
        ]
        await reading[-1].aread()

        assert [response.status_code for response in (first, *reading)] == [200] * 4 + [429]
        assert "You have too many answers open" in reading[-1].json()["error"]["message"]
        cancelled = await alice.post(f"/chat-request/{answer}/cancel", None)
        assert cancelled.json()["metadata"]["status"] == "cancelled", "the way out is open"
    await until_open(functions, 0)
    upstream.release.set()
    assert (await ask(bob, await make_chat(bob)))[-1][0] == "done"


@pytest.mark.db
@pytest.mark.parametrize("limits", [SMALL])
@pytest.mark.parametrize("model", ["any", "404", "html", "no-end", "cut", "hangs-up", "nothing"])
async def test_a_stream_is_given_back_however_the_answer_ends(
    functions: Functions, alice: Person, make_chat: MakeChat, model: str
) -> None:
    await ask(alice, await make_chat(alice, model))

    await until_open(functions, 0)


@pytest.mark.db
@pytest.mark.parametrize("limits", [SMALL])
async def test_a_stream_is_given_back_however_a_reader_ends(
    functions: Functions, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    chat = await make_chat(alice, "waits")
    for path, body in (
        (PATH, {"chatId": str(chat), "prompt": ""}),
        (PATH, {"chatId": str(uuid4()), "prompt": "x"}),
        (PATH, {"chatId": str(chat), "prompt": "x", "extra": 1}),
    ):
        assert (await alice.http.post(path, json=body, headers=STREAM)).status_code in (404, 422)
    assert (await alice.http.get(f"{PATH}/{uuid4()}", headers=STREAM)).status_code == 404
    await until_open(functions, 0)

    async with AsyncExitStack() as stack:
        await begin(stack, alice, chat)
        await until_open(functions, 2)
    await until_open(functions, 1)  # the reader left, the answer goes on
    message = str(uuid4())
    waiting = asyncio.create_task(
        alice.post("/chat-request", {"chatId": str(chat), "prompt": "x", "messageId": message})
    )
    await until_open(functions, 3)
    upstream.release.set()

    assert (await waiting).status_code == 200
    await until_open(functions, 0)


@pytest.mark.db
@pytest.mark.parametrize("limits", [SMALL])
async def test_operators_see_how_many_streams_are_open(
    functions: Functions, alice: Person, make_chat: MakeChat, upstream: Upstream
) -> None:
    chat = await make_chat(alice, "waits")
    async with AsyncExitStack() as stack:
        await begin(stack, alice, chat)
        seen = (await alice.http.get("/metrics")).text
        upstream.release.set()

    assert "pocketllm_open_streams 2.0" in seen


def test_the_process_gets_the_files_that_its_streams_need() -> None:
    assert fitted("(100, 600)", 100) == "100 556"
    assert fitted("(590, 600)", 100) == "100 590", "nothing is lowered"


def test_where_the_process_may_not_open_so_many_files_there_are_fewer_streams() -> None:
    assert fitted("(100, 356)", 100) == "33 356"


def fitted(files: str, streams: int) -> str:
    """In a process of its own, the streams and files after a start with such limits."""
    program = (
        f"import resource as r; r.setrlimit(r.RLIMIT_NOFILE, {files});"
        "from backend_functions.open_streams import *;"
        "from backend_functions.settings import Limits;"
        f"fitted = fit_open_files(Limits(max_open_streams={streams}));"
        "print(fitted.max_open_streams, r.getrlimit(r.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.splitlines()[-1]
