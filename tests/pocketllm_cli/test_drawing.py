"""Pictures among the lines of a terminal, drawn by `images show` and `images create`."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pocketllm_cli.app import App
from pocketllm_cli.commands.drawing import can_draw
from pocketllm_cli.console import Console
from pocketllm_cli.invocation import Invocation

SCRIPT = """
import sys
from pocketllm_cli.app import App
from pocketllm_cli.commands import drawing
from pocketllm_cli.console import Console
from pocketllm_cli.invocation import Invocation
from pocketllm_cli.tui.canvas import Canvas
from tests.pocketllm_cli.drawn import claiming, drawn

invocation = Invocation()
app = App(invocation, Console(invocation))
drawing._canvas = lambda app: Canvas({kind!r}, (10, 20))
drawing.draw(app, {data})
assert not [name for name in sys.modules if name.split(".")[0] == "textual"]
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def written(terminal: tuple[int, int], kind: str, data: str = "drawn()") -> bytes:
    """What drawing wrote on a terminal."""
    master, slave = terminal
    script = SCRIPT.format(kind=kind, data=data)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )
    found = b""
    while process.poll() is None or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], 0.1)[0]:
            found += os.read(master, 65536)
    assert process.returncode == 0, found.decode()
    return found


@pytest.mark.parametrize(
    ("kind", "mark"), [("kitty", b"\x1b_G"), ("sixel", b"\x1bP"), ("blocks", "▀".encode())]
)
def test_a_picture_is_drawn_with_what_the_terminal_has(
    terminal: tuple[int, int], kind: str, mark: bytes
) -> None:
    assert mark in written(terminal, kind)


def test_a_picture_with_too_many_pixels_is_told_of_and_not_decoded(
    terminal: tuple[int, int],
) -> None:
    found = written(terminal, "blocks", "claiming(50_000, 50_000)").decode()

    assert "million pixels" in found
    assert "▀" not in found


def test_nothing_is_drawn_where_nobody_looks() -> None:
    invocation = Invocation()

    assert not can_draw(App(invocation, Console(invocation))), "standard output is no terminal here"
