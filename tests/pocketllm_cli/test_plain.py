"""`pocketllm --plain`: a chat line by line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pocketllm_cli.fake_backend import KEY, FakeBackend, serve
from tests.support.home import POCKETLLM
from tests.support.terminal import terminal_running


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    backend = FakeBackend()
    backend.add_model("gpt", is_default=True)
    serve(backend)
    yield backend
    backend.stop()


@pytest.fixture
def environment(fake: FakeBackend, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "POCKETLLM_HOME": str(tmp_path),
        "POCKETLLM_URL": fake.url,
        "POCKETLLM_ANON_KEY": KEY,
        "POCKETLLM_ACCESS_TOKEN": "token",
    }


def converse(environment: dict[str, str], *lines: str) -> str:
    done = subprocess.run(
        [POCKETLLM, "--plain"],
        input="\n".join([*lines, ""]),
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_questions_of_one_session_make_one_chat_and_a_backslash_goes_on_in_the_next_line(
    fake: FakeBackend, environment: dict[str, str]
) -> None:
    page = converse(environment, "Where?", "And\\", "then?", "/read", "/quit", "never asked")

    assert page.count("Asking.\nParis it is.\nEnd of the answer.") == 2
    assert "You:\nAnd\nthen?\nAnswer:\nParis it is.\nEnd of the chat.\nGood bye." in page
    assert [row["title"] for row in fake.tables["chats"]] == ["Where?"]


def test_chats_are_listed_opened_by_their_number_renamed_and_deleted(
    fake: FakeBackend, environment: dict[str, str]
) -> None:
    fake.add_chat("Old", used="2025-01-01T00:00:00+00:00")
    fake.add_chat("New")
    page = converse(environment, "/chats", "/open 2", "/rename Oslo", "/delete", "/new", "/read")

    assert "1: New" in page
    assert "You are in the chat Old." in page
    assert "The chat is called Oslo now." in page
    assert "You are in no chat yet." in page
    assert [row["title"] for row in fake.tables["chats"]] == ["New"]
    assert [row["title"] for row in fake.trash] == ["Oslo"]


def test_what_fails_is_said_in_words_and_the_chat_goes_on(
    fake: FakeBackend, environment: dict[str, str]
) -> None:
    busy = (429, {"error": {"code": "provider_busy", "message": "The provider is busy."}})
    fake.failing_once["/functions/v1/chat-request"] = (402, busy[1])
    page = converse(environment, "Where?", "/nonsense", "/model nope", "/model gpt", "Where?")

    assert "Error: The provider is busy." in page
    assert "Error: There is no command /nonsense." in page
    assert "Error: There is no model config “nope”." in page
    assert "gpt answers from now on." in page
    assert page.endswith("Paris it is.\nEnd of the answer.\nGood bye.\n")


def test_on_a_terminal_nothing_is_drawn_anew_and_no_control_sequence_is_sent(
    fake: FakeBackend, environment: dict[str, str]
) -> None:
    fake.pieces = ["Par\x1b[2Jis", " it", " is."]
    with terminal_running([POCKETLLM, "--plain"], environment) as terminal:
        terminal.until(lambda page: "You:" in page)
        terminal.type("Where?\n")
        terminal.until(lambda page: "End of the answer." in page)
        terminal.type("/quit\n")
        assert terminal.until_ended() == 0

    assert b"\x1b" not in terminal.written
    assert b"\r\n" in terminal.written
    assert b"\r" not in terminal.written.replace(b"\r\n", b"")


def test_it_never_loads_the_screens() -> None:
    program = "import pocketllm_cli.commands.plain, sys; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n"
