"""A terminal with a person at it: a real pty, and what it would show."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyte

_CONTROL_STRINGS = re.compile(rb"\x1b[P_^X].*?\x1b\\", re.DOTALL)
_PRIVATE = re.compile(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]")
_KEYS = {"Enter": "\r", "Escape": "\x1b", "Tab": "\t", "C-Up": "\x1b[1;5A", "Down": "\x1b[B"}
_MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")


@dataclass
class Terminal:
    """What a program wrote, as a terminal shows it; modes are those that are switched on."""

    process: "subprocess.Popen[bytes]"
    master: int
    screen: pyte.Screen
    modes: set[str] = field(default_factory=set)
    written: bytes = b""

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def press(self, key: str) -> None:
        """Press a key by tmux's name for it, such as `C-n`, `Escape` or `C-Up`."""
        control = chr(ord(key[-1].upper()) - 64) if len(key) == 3 and key[:2] == "C-" else key
        self.type(_KEYS.get(key, control))

    def until(self, claim: Callable[[str], object], seconds: float = 90) -> str:
        """Read until the screen is so, and return it."""
        deadline = time.monotonic() + seconds
        while not claim(self.text):
            assert time.monotonic() < deadline, f"it did not come about:\n{self.text}"
            self._read(0.2)
        return self.text

    def until_ended(self, seconds: float = 60) -> int:
        """Read until the program is over and return its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode

    @property
    def line_settings(self) -> int:
        """The local modes of the line: echo, canonical, signals."""
        found: int = termios.tcgetattr(self.master)[3]
        return found

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return False
        self.written += data
        for names, switch in _MODES.findall(data):
            for name in names.decode().split(";"):
                (self.modes.add if switch == b"h" else self.modes.discard)(name)
        # pyte knows neither device control strings nor private replies
        clean = _PRIVATE.sub(b"", _CONTROL_STRINGS.sub(b"", data))
        self.stream.feed(clean)
        return bool(data)

    def __post_init__(self) -> None:
        self.stream = pyte.ByteStream(self.screen)


@contextmanager
def terminal_running(
    command: list[str], environment: dict[str, str], *, columns: int = 110, lines: int = 32
) -> Iterator[Terminal]:
    """Run a program on a terminal of its own; it is ended afterwards."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(slave)
    terminal = Terminal(process, master, pyte.Screen(columns, lines))
    try:
        yield terminal
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        os.close(master)
