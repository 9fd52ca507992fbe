"""Following the terminal's background."""

import os
import pty
import termios
import threading
from collections.abc import Iterator

import pytest

from pocketllm_cli.settings import TerminalSettings
from pocketllm_cli.tui.background import brightness, is_background_light

KITTY = TerminalSettings.from_variables({"KITTY_WINDOW_ID": "1"})


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("colour", "is_light"),
    [(b"ffff/ffff/ffff", True), (b"1414/1616/1b1b", False), (b"fd/f6/e3", True), (b"0/0/8", False)],
)
def test_a_terminal_that_answers_is_followed_and_left_as_it_was(
    terminal: tuple[int, int], colour: bytes, is_light: bool
) -> None:
    master, slave = terminal
    before = termios.tcgetattr(slave)

    def answer() -> None:
        asked = b""
        while not asked.endswith(b"\x1b[c"):
            asked += os.read(master, 100)
        os.write(master, b"\x1b]11;rgb:" + colour + b"\x1b\\\x1b[?62;22c")

    thread = threading.Thread(target=answer)
    thread.start()
    assert is_background_light(KITTY, slave) is is_light
    thread.join()
    assert termios.tcgetattr(slave) == before


def test_one_that_says_nothing_is_not_waited_for(terminal: tuple[int, int]) -> None:
    assert is_background_light(KITTY, terminal[1]) is None


def test_what_is_typed_already_is_not_swallowed(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    os.write(master, b"hello\n")
    assert is_background_light(KITTY, slave) is None
    assert os.read(slave, 100) == b"hello\n"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"KITTY_WINDOW_ID": "1", "SSH_TTY": "/dev/pts/1"},
        {"VTE_VERSION": "7600", "TMUX": "/tmp/tmux"},  # noqa: S108 # only a name
    ],
)
def test_only_terminals_that_are_known_to_answer_are_asked(
    terminal: tuple[int, int], variables: dict[str, str]
) -> None:
    settings = TerminalSettings.from_variables(variables)
    assert is_background_light(settings, terminal[1]) is None
    os.write(terminal[1], b"x")
    assert os.read(terminal[0], 100) == b"x"


def test_what_the_environment_says_needs_no_question(terminal: tuple[int, int]) -> None:
    settings = TerminalSettings.from_variables({"COLORFGBG": "0;15", "KITTY_WINDOW_ID": "1"})
    assert is_background_light(settings, terminal[1]) is True


def test_nonsense_is_no_colour() -> None:
    assert brightness(b"\x1b]11;rgb:zz/zz/zz\x1b\\") is None
