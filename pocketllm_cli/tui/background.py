"""Asks the terminal whether its background is light, where that can do no harm.

A terminal that does not answer would cost the start, and an answer that comes late would be taken
for typing: so only terminals that are known to answer are asked, on this machine, and only while
nothing is typed. The question is followed by one that every terminal answers (what it is), whose
answer says that no more comes.

Source: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 11, DA1)
"""

import os
import re
import select
import time
from typing import Final

from pocketllm_cli.settings import TerminalSettings

_QUESTION: Final = b"\x1b]11;?\x1b\\\x1b[c"
_COLOUR: Final = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})", re.I
)
_LAST: Final = re.compile(rb"\x1b\[\?[0-9;]*c")
_SECONDS: Final = 0.2
_WEIGHTS: Final = (0.2126, 0.7152, 0.0722)


def is_background_light(settings: TerminalSettings, terminal: int = 0) -> bool | None:
    """Return whether the background is light; None where nobody says so.

    Args:
        terminal: The descriptor of the terminal.
    """
    if settings.is_light is not None:
        return settings.is_light
    if not settings.tells_colours or settings.is_remote or settings.is_in_tmux:
        return None
    try:
        return brightness(_ask(terminal))
    except (OSError, ImportError):  # no terminal after all, or one of Windows
        return None


def brightness(answer: bytes) -> bool | None:
    """Return whether the colour in a terminal's answer is light; None where there is none."""
    match = _COLOUR.search(answer)
    if match is None:
        return None
    parts = [int(part, 16) / (16 ** len(part) - 1) for part in match.groups()]
    return sum(map(float.__mul__, parts, _WEIGHTS)) > 0.5


def _ask(terminal: int) -> bytes:
    import termios  # not on Windows
    import tty

    if select.select([terminal], [], [], 0)[0]:
        return b""  # somebody types already
    before = termios.tcgetattr(terminal)
    answer, deadline = b"", time.monotonic() + _SECONDS
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        os.write(terminal, _QUESTION)
        while not _LAST.search(answer):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                break
            answer += os.read(terminal, 1024)
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
    return answer
