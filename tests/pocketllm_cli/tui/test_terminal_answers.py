"""What the terminal is asked before the app begins, and what its answer means."""

import os
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator

import pytest

from pocketllm_cli.settings import TerminalSettings
from pocketllm_cli.tui.background import brightness, is_background_light
from pocketllm_cli.tui.canvas import Canvas, canvas_of
from pocketllm_cli.tui.terminal_answers import ask_terminal

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
            asked += os.read(master, 1000)
        os.write(master, b"\x1b]11;rgb:" + colour + b"\x1b\\\x1b[?62;22c")

    thread = threading.Thread(target=answer)
    thread.start()
    assert is_background_light(KITTY, ask_terminal(KITTY, slave)) is is_light
    thread.join()
    assert termios.tcgetattr(slave) == before


def test_one_that_says_nothing_is_not_waited_for(terminal: tuple[int, int]) -> None:
    assert ask_terminal(KITTY, terminal[1]) == b""


def test_what_is_typed_already_is_not_swallowed(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    os.write(master, b"hello\n")
    assert ask_terminal(KITTY, slave) == b""
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
    assert ask_terminal(settings, terminal[1]) == b""
    os.write(terminal[1], b"x")
    assert os.read(terminal[0], 100) == b"x"


def test_what_the_environment_says_goes_before_the_answer() -> None:
    settings = TerminalSettings.from_variables({"COLORFGBG": "0;15", "KITTY_WINDOW_ID": "1"})
    assert is_background_light(settings, b"\x1b]11;rgb:0/0/0\x1b\\") is True


def test_nonsense_is_no_colour() -> None:
    assert brightness(b"\x1b]11;rgb:zz/zz/zz\x1b\\") is None


SIZE = b"\x1b[6;20;10t"
KITTY_KNOWS = b"\x1b_Gi=31;OK\x1b\\"


@pytest.mark.parametrize(
    ("answer", "canvas"),
    [
        (b"", Canvas("blocks")),
        (SIZE + b"\x1b[?62;22c", Canvas("blocks", (10, 20))),
        (SIZE + b"\x1b[?62;4;22c", Canvas("sixel", (10, 20))),
        (KITTY_KNOWS + b"\x1b[6;36;18t\x1b[?62c", Canvas("kitty", (18, 36))),
        (KITTY_KNOWS + SIZE + b"\x1b[?62;4c", Canvas("sixel", (10, 20))),
        (b"\x1b[?62;4c", Canvas("blocks")),
        (b"\x1b_Gi=31;EINVAL\x1b\\" + SIZE + b"\x1b[?64;14c", Canvas("blocks", (10, 20))),
        (b"\x1b[6;0;0t\x1b[?62;4c", Canvas("blocks")),
    ],
)
def test_a_terminal_draws_with_what_it_says_it_has(answer: bytes, canvas: Canvas) -> None:
    assert canvas_of(answer) == canvas


@pytest.mark.parametrize(
    ("size", "columns", "cells"),
    [
        ((100, 100), 80, (10, 5)),
        ((1000, 1000), 80, (32, 16)),
        ((1000, 10), 40, (40, 1)),
        ((1, 1), 80, (1, 1)),
        ((10, 10_000), 80, (1, 16)),
    ],
)
def test_a_picture_keeps_its_shape_in_sixteen_rows(
    size: tuple[int, int], columns: int, cells: tuple[int, int]
) -> None:
    assert Canvas("blocks").fit(size, columns) == cells


def test_what_draws_pictures_asks_the_terminal_nothing(terminal: tuple[int, int]) -> None:
    """Once the app runs, an answer would come in among the keys."""
    master, slave = terminal
    script = (
        "from pocketllm_cli.tui.canvas import Canvas, open_picture, picture_widget\n"
        "from tests.pocketllm_cli.drawn import drawn\n"
        "for kind in ('kitty', 'sixel', 'blocks'):\n"
        "    canvas = Canvas(kind)\n"
        "    picture_widget(open_picture(drawn(), canvas), canvas, (4, 2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], stdin=slave, stdout=slave, stderr=subprocess.PIPE
    )

    assert done.returncode == 0, done.stderr.decode()
    os.write(slave, b"end")
    assert os.read(master, 100) == b"end"
