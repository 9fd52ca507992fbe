"""Real signals to a real process while an answer is being written."""

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pocketllm_cli.api.patience import MOST_SECONDS
from pocketllm_cli.errors import ExitCode, Stopped
from pocketllm_cli.interrupts import stoppable
from tests.pocketllm_cli.conftest import PROGRAM
from tests.pocketllm_cli.fake_answers import Stream
from tests.pocketllm_cli.fake_backend import FakeBackend

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the program; what still runs in the end is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*argv: str, **options: object) -> "subprocess.Popen[bytes]":
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [*PROGRAM, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,  # type: ignore[call-overload] # preexec_fn only
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def slow(stream: Stream) -> None:
    stream.start()
    stream.text(["Once upon"])
    stream.answer["content"] = "Once upon a time"
    stream.handler.backend.over.wait()


def cancels(backend: FakeBackend) -> int:
    return sum(count for path, count in backend.seen.items() if path.endswith("/cancel"))


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGHUP, ExitCode.HUNG_UP),
    ],
)
def test_the_first_signal_cancels_the_answer_and_keeps_what_there_is(
    backend: FakeBackend, start: Start, number: int, exit_code: ExitCode
) -> None:
    backend.script = slow
    process = start("ask", "hi")
    assert process.stdout
    assert process.stdout.read(9) == b"Once upon"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == exit_code
    assert out == b" a time\n"
    assert err == b"Stopped; the answer is kept as far as it came.\n"
    assert cancels(backend) == 1
    assert backend.tables["messages"][1]["metadata"]["status"] == "cancelled"


async def test_a_signal_that_interrupts_no_wait_is_noticed_before_anything_else_happens() -> None:
    happened: list[str] = []

    def signal_to_this_thread() -> None:  # so the one that waits is not interrupted by it
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    async def wait_for_ever() -> None:
        async with stoppable():
            threading.Timer(0.1, signal_to_this_thread).start()
            await asyncio.Event().wait()

    asyncio.get_running_loop().call_later(10, happened.append, "something else")
    with pytest.raises(Stopped):
        await wait_for_ever()

    assert happened == []
    assert signal.set_wakeup_fd(-1) == -1


def test_events_end_with_done_when_the_answer_was_cancelled(
    backend: FakeBackend, start: Start
) -> None:
    backend.script = slow
    process = start("ask", "--events", "hi")
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    events = [json.loads(line) for line in [*lines, *out.splitlines()]]

    assert process.returncode == ExitCode.INTERRUPTED
    assert [event["event"] for event in events] == ["started", "delta", "delta", "done"]
    assert events[-1]["message"]["metadata"]["status"] == "cancelled"
    assert json.loads(err)["code"] == "interrupted"


@pytest.mark.parametrize("option", ["--no-stream", "--json"])
def test_what_is_printed_at_the_end_is_printed_when_it_is_cancelled(
    backend: FakeBackend, start: Start, option: str
) -> None:
    begun = threading.Event()

    def begin(stream: Stream) -> None:
        stream.start()
        begun.set()
        slow(stream)

    backend.script = begin
    process = start("ask", option, "hi")
    begun.wait(10)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)

    assert process.returncode == ExitCode.INTERRUPTED
    assert b"Once upon a time" in out


def test_half_a_program_is_not_printed(backend: FakeBackend, start: Start) -> None:
    begun = threading.Event()

    def program(stream: Stream) -> None:
        stream.start()
        stream.text(["```sh\nrm -rf /tmp"])
        stream.answer["content"] = "```sh\nrm -rf /tmp"
        begun.set()
        backend.over.wait()

    backend.script = program
    process = start("ask", "-x", "hi")
    begun.wait(10)
    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=30)[0] == b""


def test_a_backend_that_does_not_take_the_cancel_is_not_waited_for(
    backend: FakeBackend, start: Start
) -> None:
    def hang(stream: Stream) -> None:
        path = f"/functions/v1/chat-request/{stream.answer['id']}/cancel"
        backend.hanging.add(path)
        slow(stream)

    backend.script = hang
    process = start("ask", "hi")
    assert process.stdout
    process.stdout.read(9)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == ExitCode.INTERRUPTED
    assert b"goes on" in err


def test_the_second_signal_leaves_at_once(backend: FakeBackend, start: Start) -> None:
    def hang(stream: Stream) -> None:
        backend.hanging.add(f"/functions/v1/chat-request/{stream.answer['id']}/cancel")
        slow(stream)

    backend.script = hang
    process = start("ask", "hi")
    assert process.stdout
    process.stdout.read(9)
    process.send_signal(signal.SIGINT)
    while not cancels(backend):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == ExitCode.INTERRUPTED
    assert err == b""  # it says how the wait ended, had it waited


def test_an_answer_that_has_not_begun_is_found_and_cancelled(
    backend: FakeBackend, start: Start
) -> None:
    asked = threading.Event()

    def think(stream: Stream) -> None:
        asked.set()
        backend.over.wait()

    backend.script = think
    process = start("ask", "hi")
    asked.wait(10)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode == ExitCode.INTERRUPTED
    assert cancels(backend) == 1


def test_a_temporary_chat_is_gone_after_ctrl_c(backend: FakeBackend, start: Start) -> None:
    backend.script = slow
    process = start("ask", "--temporary", "hi")
    assert process.stdout
    process.stdout.read(9)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert cancels(backend) == 1
    assert backend.tables["chats"] == []


def test_ctrl_c_while_nothing_was_asked_leaves_no_chat(backend: FakeBackend, start: Start) -> None:
    backend.hanging.add("/rest/v1/messages")
    process = start("ask", "-s", "Rhyme.", "hi")
    while not backend.seen["POST /rest/v1/messages"]:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == ExitCode.INTERRUPTED
    assert err == b"Stopped before anything was asked.\n"
    assert backend.tables["chats"] == []


def test_a_signal_that_is_ignored_stays_ignored(backend: FakeBackend, start: Start) -> None:
    go_on = threading.Event()

    def in_two_steps(stream: Stream) -> None:
        stream.start()
        stream.text(["Paris"])
        go_on.wait(10)
        stream.text([" it is."], 5)
        stream.end()

    backend.script = in_two_steps
    ignore = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    process = start("ask", "hi", **ignore)
    assert process.stdout
    process.stdout.read(5)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    go_on.set()

    assert process.communicate(timeout=30)[0] == b" it is.\n"
    assert process.returncode == ExitCode.OK


def test_ctrl_c_ends_the_wait_for_a_lost_connection(backend: FakeBackend, start: Start) -> None:
    def go_away(stream: Stream) -> None:
        stream.start()
        stream.text(["Paris"])
        threading.Thread(target=backend.stop).start()

    backend.script = go_away
    process = start("ask", "hi")
    assert process.stderr
    assert b"Connection lost" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=MOST_SECONDS / 2)

    assert process.returncode == ExitCode.INTERRUPTED
    assert out == b"Paris\n"
    assert b"goes on" in err


def test_ctrl_c_while_following_leaves_the_answer_alone(backend: FakeBackend, start: Start) -> None:
    chat = backend.add_chat("one")
    backend.add_message(chat["id"], "user", "hi")
    backend.add_message(chat["id"], "assistant", "Once upon a time", status="streaming")
    backend.resume_script = slow
    process = start("chats", "follow", "last")
    assert process.stdout
    process.stdout.read(9)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == ExitCode.INTERRUPTED
    assert cancels(backend) == 0
    assert b"goes on" in err


def test_a_reader_that_takes_nothing_cannot_hold_it(backend: FakeBackend, start: Start) -> None:
    def flood(stream: Stream) -> None:
        stream.start()
        for _ in range(200):
            stream.send("delta", {"text": "x" * 10_000})
        backend.over.wait()

    backend.script = flood
    reader, writer = os.pipe()
    process = subprocess.Popen([*PROGRAM, "ask", "hi"], stdin=subprocess.DEVNULL, stdout=writer)
    os.close(writer)
    os.read(reader, 10)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == ExitCode.INTERRUPTED
    os.close(reader)
