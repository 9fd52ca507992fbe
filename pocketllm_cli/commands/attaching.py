"""What `-a` names, as files that can be sent: paths, patterns that no shell expanded, stdin."""

import glob
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pocketllm_cli.attachables import (
    MOST_PICTURE_BYTES,
    Attachable,
    check_together,
    from_bytes,
    look_at,
    prepare,
    refuse_address,
)
from pocketllm_cli.errors import TooLarge, UsageProblem

STDIN: Final = "-"


def attached_files(words: Sequence[str]) -> tuple[Attachable, ...]:
    """Return the files that `-a` names, in order and fit to be sent; each path once.

    Raises:
        UsageProblem: One is no file that can be attached, or there are too many.
        TooLarge: They have too many bytes.
        LocalFileProblem: One cannot be read.
    """
    paths = list(dict.fromkeys(path for word in words for path in _expanded(word)))
    found = [_from_stdin() if path == STDIN else look_at(Path(path)) for path in paths]
    files = tuple(prepare(file) for file in found)
    check_together(files)
    return files


def _expanded(word: str) -> list[str]:
    refuse_address(word)
    if word == STDIN:
        return [word]
    path = Path(word).expanduser()
    if path.exists() or not glob.has_magic(word):
        return [str(path)]
    matching = sorted(each for each in glob.glob(str(path)) if Path(each).is_file())
    if not matching:
        raise UsageProblem(f"No file fits “{word}”.", hint="Check the pattern after `-a`.")
    return matching


def _from_stdin() -> Attachable:
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise UsageProblem(
            "There is nothing on standard input to attach.",
            hint="Pipe a file in: `pocketllm ask -a - 'What is this?' < photo.jpg`.",
        )
    data = sys.stdin.buffer.read(MOST_PICTURE_BYTES + 1)
    if len(data) > MOST_PICTURE_BYTES:
        raise TooLarge("Standard input holds more than one question takes.")
    return from_bytes(data, "stdin")
