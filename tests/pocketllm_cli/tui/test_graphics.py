"""The app on a terminal that has graphics of its own: asked once, and drawn with."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pocketllm_cli.drawn import drawn
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend
from tests.pocketllm_cli.tui.test_attaching import add_question

COLOUR, SIZE = b"\x1b]11;rgb:0/0/0\x1b\\", b"\x1b[6;20;10t"
SIXEL = re.compile(rb"\x1bP[0-9;]*q")

Terminal = Callable[[bytes, Callable[[bytes], object]], bytes]


@pytest.fixture
def terminal(fake: FakeBackend, tmp_path: Path) -> Iterator[Terminal]:
    """Run the app with a picture in sight; the terminal answers once, the app is ended after."""
    chat = add_question(fake, "red.png", data=drawn("PNG", (200, 100)), kind="image/png")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 1000, 600))
    variables = {"POCKETLLM_URL": fake.url, "POCKETLLM_ANON_KEY": KEY}
    variables |= {"POCKETLLM_ACCESS_TOKEN": "token", "POCKETLLM_HOME": str(tmp_path / "home")}
    variables |= {"KITTY_WINDOW_ID": "1", "TERM": "xterm-256color", "PATH": os.environ["PATH"]}
    started: list[int] = []

    def run(answer: bytes, is_drawn: Callable[[bytes], object]) -> bytes:
        started.append(os.fork())
        if started[-1] == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for stream in (0, 1, 2):
                os.dup2(slave, stream)
            os.execve(
                sys.executable, [sys.executable, "-m", "pocketllm_cli", "--chat", chat], variables
            )
        return _watch(master, answer, is_drawn)

    yield run
    for pid in started:
        os.kill(pid, signal.SIGTERM)
        while select.select([master], [], [], 0.1)[0]:
            os.read(master, 65_536)  # it writes on its way out
        os.waitpid(pid, 0)
    os.close(master)
    os.close(slave)


def _watch(master: int, answer: bytes, is_drawn: Callable[[bytes], object]) -> bytes:
    written, has_answered, deadline = b"", False, time.monotonic() + 60
    while not is_drawn(written):
        assert time.monotonic() < deadline, written[-2000:]
        if select.select([master], [], [], 1)[0]:
            written += os.read(master, 65_536)
        if not has_answered and b"\x1b[c" in written:
            has_answered = True
            os.write(master, answer)
    return written


def test_sixel_is_used_where_the_terminal_has_it(terminal: Terminal) -> None:
    written = terminal(COLOUR + SIZE + b"\x1b[?62;4c", SIXEL.search)

    assert written.count(b"\x1b[c") == 1


def test_kittys_graphics_are_used_where_the_terminal_has_them(terminal: Terminal) -> None:
    knows = b"\x1b_Gi=31;OK\x1b\\"

    written = terminal(COLOUR + knows + SIZE + b"\x1b[?62c", lambda sent: b"U=1" in sent)

    assert b"c=20,r=5" in written
    assert written.count(b"a=q") == written.count(b"\x1b[c") == 1
