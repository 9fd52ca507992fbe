"""Asks the terminal what it can do, before the app begins, where that can do no harm.

A terminal that does not answer would cost the start, and an answer that comes late would be taken
for typing: so only terminals that are known to answer are asked, on this machine, and only while
nothing is typed. The last question is one that every terminal answers (what it is), whose answer
says that no more comes.

Source: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 11, XTWINOPS 16, DA1),
https://sw.kovidgoyal.net/kitty/graphics-protocol/#querying-support-and-available-transmission-mediums
"""

import os
import re
import select
import time
from typing import Final

from pocketllm_cli.settings import TerminalSettings

_COLOUR: Final = b"\x1b]11;?\x1b\\"
_KITTY_GRAPHICS: Final = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_CELL_SIZE: Final = b"\x1b[16t"
_WHAT_IT_IS: Final = b"\x1b[c"
_LAST: Final = re.compile(rb"\x1b\[\?[0-9;]*c")
_SECONDS: Final = 0.2
_MOST_BYTES: Final = 4096


def ask_terminal(settings: TerminalSettings, terminal: int = 0) -> bytes:
    """Return what the terminal answers, empty where it is not asked.

    Args:
        terminal: The descriptor of the terminal.
    """
    if not settings.tells_colours or settings.is_remote or settings.is_in_tmux:
        return b""
    try:
        return _ask(terminal)
    except (OSError, ImportError):  # no terminal after all, or one of Windows
        return b""


def _ask(terminal: int) -> bytes:
    import termios  # not on Windows
    import tty

    if select.select([terminal], [], [], 0)[0]:
        return b""  # somebody types already
    before = termios.tcgetattr(terminal)
    answer, deadline = b"", time.monotonic() + _SECONDS
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        os.write(terminal, _COLOUR + _KITTY_GRAPHICS + _CELL_SIZE + _WHAT_IT_IS)
        while not _LAST.search(answer) and len(answer) < _MOST_BYTES:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                break
            answer += os.read(terminal, 1024)
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
    return answer
