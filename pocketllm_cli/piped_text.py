"""The text that was piped into a command."""

import os
import select
import stat
import sys
from collections.abc import Callable
from typing import BinaryIO, Final

from pocketllm_cli.errors import TooLarge, UsageProblem

MOST_CHARACTERS: Final = 1_000_000
"""What one prompt may hold."""
_MOST_BYTES: Final = 4 * 1024 * 1024
_PATIENCE_SECONDS: Final = 2.0


def read_piped_text(narrate: Callable[[str], None]) -> str | None:
    """Return what stands on stdin, or None if that is a terminal or closed.

    A pipe is read to its end, however long its writer takes: text that comes late must not be
    lost. Whoever started us with an open pipe that nobody writes to is told after two seconds.

    Raises:
        UsageProblem: It is not text.
        TooLarge: It is more than a prompt may hold; no more than 4 MiB are read to know that.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return None
    source = sys.stdin.buffer
    if _is_silent(source):
        narrate("Waiting for text on standard input (`< /dev/null` for none) ...")
    data = source.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise TooLarge
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text() from error
    if "\0" in text:
        raise _not_text()
    return text


def check_prompt(prompt: str) -> str:
    """Return the prompt if it can be sent.

    Raises:
        UsageProblem: It is empty or not text.
        TooLarge: It is too long.
    """
    if not prompt.strip():
        raise UsageProblem(
            "There is no question.", hint='Example: `pocketllm ask "What is a monad?"`.'
        )
    if len(prompt) > MOST_CHARACTERS:
        raise TooLarge
    if "\0" in prompt or any("\ud800" <= character <= "\udfff" for character in prompt):
        raise _not_text()
    return prompt


def _is_silent(source: BinaryIO) -> bool:
    """Say whether stdin is a pipe or socket on which nothing has come for a while."""
    try:
        mode = os.fstat(source.fileno()).st_mode
    except (OSError, ValueError):
        return False  # not a file of the system, as in tests
    if os.name == "nt" or not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return False
    ready, _, _ = select.select([source], [], [], _PATIENCE_SECONDS)
    return not ready


def _not_text() -> UsageProblem:
    return UsageProblem(
        "The input is not text in UTF-8.", hint="Convert it first, for example with `iconv`."
    )
