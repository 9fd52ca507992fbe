"""Shows text that is longer than the screen in the person's pager."""

import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import PurePath
from typing import Final

from pocketllm_cli.settings import TerminalSettings

_LESS: Final = "less"
_LESS_OPTIONS: Final = "-FRX"
"""End at once what fits, show bold, leave the text on the screen: what git asks of it too."""


def find_pager(settings: TerminalSettings) -> Callable[[str], bool] | None:
    """Return what shows a text in PAGER, else in `less`; None where there is none or none wanted.

    What it returns answers with False if the program could not be started.
    """
    command = _command(settings)
    if command is None or command == ["cat"]:
        return None
    if PurePath(command[0]).name == _LESS and not settings.has_less_options:
        command.append(_LESS_OPTIONS)
    return partial(_show, command)


def _command(settings: TerminalSettings) -> list[str] | None:
    if settings.pager is None:
        return [_LESS] if shutil.which(_LESS) else None
    try:
        return shlex.split(settings.pager) or None
    except ValueError:  # an open quote
        return None


def _show(command: list[str], text: str) -> bool:
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 # the person's own
    except OSError:
        return False
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the pager now
    try:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # left before the end
            process.stdin.write(text.encode("utf-8", "replace"))
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return True
