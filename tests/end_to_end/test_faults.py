"""What a user sees of all that can become of an answer: exit code, message, stored row."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import psutil
import pytest

from tests.backend_functions.chat_request.test_faults import OUTCOMES
from tests.support.faults import DialectUpstream
from tests.support.home import Home, home_in
from tests.support.upstream import Upstream

KEY = "sk-canary-0123456789"
BOUNDS = {
    "POCKETLLM_IDLE_SECONDS": "1",
    "POCKETLLM_FIRST_TOKEN_SECONDS": "2",
    "POCKETLLM_MAX_ANSWER_CHARACTERS": "200000",
}
# One for each end that an answer can have; the server's own tests go through all the faults.
SEEN = {
    *("401", "404", "503", "html", "hangs-up"),
    *("nothing", "cut", "stalls", "error-event"),
    *("thinks", "length", "nul"),
}


def test_every_end_of_an_answer_is_seen() -> None:
    ends = {fault: (code, status) for fault, (code, status, _) in OUTCOMES.items()}

    assert {ends[fault] for fault in SEEN} == set(ends.values())


@pytest.fixture(scope="module")
def fault_addresses() -> Iterator[dict[str, str]]:
    """An address for each fault, so that one that fails is not left alone for another's sake."""
    found: dict[str, str] = {}
    ready, over, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            for fault in SEEN:
                upstream = await stack.enter_async_context(DialectUpstream().running())
                found[fault] = str(upstream.base_url)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    yield found
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def impatient_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A machine whose backend waits for nobody long."""
    with home_in(tmp_path_factory.mktemp("impatient"), **BOUNDS) as home:
        yield home


def exit_code_of(fault: str) -> int:
    code, status, text = OUTCOMES[fault]
    if code is None:
        return 0
    return 7 if text or status == "incomplete" else 5


@pytest.mark.parametrize("fault", sorted(SEEN))
def test_every_fault_ends_in_its_exit_code_a_sentence_and_a_stored_row(
    impatient_home: Home, fault_addresses: dict[str, str], fault: str
) -> None:
    home, (code, status, _) = impatient_home, OUTCOMES[fault]
    added = home.run(
        *("models", "add", fault, "--provider", "openai-compatible", "--model", fault),
        *("--base-url", fault_addresses[fault], "--key-stdin"),
        stdin=KEY.encode(),
    )
    assert added.code == 0, added.err

    ran = home.run("ask", "-m", fault, "--json", f"about {fault}")

    assert ran.code == exit_code_of(fault), ran.err
    assert "canary" not in ran.err + ran.text
    assert "Traceback" not in ran.err
    if code is not None:
        told = json.loads(ran.err.splitlines()[-1])
        assert told["code"] == code
        assert told["message"]
        assert told["hint"]
    prompt, answer = home.run("chats", "show", "last", "--json").json()["messages"]
    assert prompt["content"] == f"about {fault}"
    assert answer["metadata"]["status"] == status


def test_a_key_is_in_no_process_list(
    home: Home, add_model: Callable[[str], str], provider: Upstream
) -> None:
    model = add_model("one-by-one")

    asking = home.start("ask", "-m", model, "hi")
    seen = [
        " ".join(process.info["cmdline"] or ())
        for _ in range(20)
        for process in psutil.process_iter(["cmdline"])
    ]

    asking.communicate(timeout=30)
    assert any("ask -m one-by-one" in line for line in seen)
    assert not any("sk-canary" in line for line in seen)
