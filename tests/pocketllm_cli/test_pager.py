"""What is longer than the screen is shown in the person's pager, on a terminal only."""

import os
import subprocess
from collections.abc import Callable

import pytest

from pocketllm_cli.pager import find_pager
from pocketllm_cli.settings import TerminalSettings
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.test_process import run_on_terminal

Program = Callable[..., "subprocess.CompletedProcess[bytes]"]
NUMBERED = {"PAGER": "cat -n"}  # unlike `cat` alone, which stands for none


@pytest.fixture
def chats(backend: FakeBackend) -> FakeBackend:
    for number in range(20):
        backend.add_chat(f"chat {number} ü")
    return backend


@pytest.mark.parametrize(
    ("argv", "lines", "variables", "is_paged"),
    [
        (["chats"], 10, NUMBERED, True),
        (["chats", "list"], 40, NUMBERED, False),
        (["chats", "--no-pager"], 10, NUMBERED, False),
        (["chats"], 10, NUMBERED | {"TERM": "dumb"}, False),
        (["chats"], 10, {"PAGER": "/nowhere/pager"}, False),
    ],
    ids=str,
)
def test_a_long_list_goes_through_the_pager_on_a_terminal(
    chats: FakeBackend, argv: list[str], lines: int, variables: dict[str, str], is_paged: bool
) -> None:
    code, written = run_on_terminal(argv, 80, lines, variables=variables)

    assert code == 0
    assert "chat 19 ü" in written
    assert ("    21\t" in written) is is_paged


@pytest.mark.parametrize("pager", ["", "cat", " ", "'"])
def test_a_pager_may_be_none(pager: str) -> None:
    assert find_pager(TerminalSettings(pager=pager)) is None


def test_off_a_terminal_there_is_none(chats: FakeBackend, program: Program) -> None:
    assert b"\t" not in program("chats", env={**os.environ, **NUMBERED}).stdout


def test_less_shows_a_page_and_leaves_on_q(chats: FakeBackend) -> None:
    code, written = run_on_terminal(
        ["chats"], 80, 10, typed=b"q", waits_for=":", variables={"PAGER": "less", "LESS": ""}
    )

    assert code == 0
    assert "TITLE" in written


def test_a_pager_that_is_left_early_is_no_failure() -> None:
    pager = find_pager(TerminalSettings(pager="true"))

    assert pager is not None
    assert pager("line\n" * 100_000)
