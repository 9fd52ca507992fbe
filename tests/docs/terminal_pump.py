"""Runs commands as a person at a terminal does, who answers what is asked."""

import os
import pty
import select
import subprocess
import termios
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Typed:
    """What came of a block."""

    code: int
    out: str
    seen: str
    """What stood on the terminal: stderr, and the questions with their answers."""


def type_block(
    text: str,
    *,
    folder: Path,
    environment: Mapping[str, str],
    answer: Callable[[str], str],
    seconds: float = 90,
) -> Typed:
    """Run a block in `bash`: stdin and stderr are a terminal, stdout is a file.

    Args:
        answer: What to type at a question, which is given; a hidden one or one that ends in [y/N].
    """
    ours, theirs = pty.openpty()
    with open(folder / ".stdout", "wb+") as out:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=folder,
            env=dict(environment),
            stdin=theirs,
            stdout=out,
            stderr=theirs,
            start_new_session=True,
        )
        try:
            seen = _attend(process, ours, theirs, answer, seconds)
        finally:
            process.kill()
            code = process.wait(timeout=10)
            os.close(theirs)
            os.close(ours)
        out.seek(0)
        return Typed(code, out.read().decode(errors="replace"), seen)


def _attend(
    process: "subprocess.Popen[bytes]",
    ours: int,
    theirs: int,
    answer: Callable[[str], str],
    seconds: float,
) -> str:
    seen, answered, waited = "", 0, 0.0
    while waited < seconds:
        if select.select([ours], [], [], 0.02)[0]:
            seen += os.read(ours, 65536).decode(errors="replace")
            continue
        if process.poll() is not None:
            return seen
        waited += 0.02
        question = seen[answered:].rsplit("\n", 1)[-1]
        if question.strip() and _is_asked(question, theirs):
            answered = len(seen)
            with suppress(OSError):
                os.write(ours, answer(question).encode() + b"\n")
    return f"{seen}\nIt did not end within {seconds} s."


def _is_asked(question: str, terminal: int) -> bool:
    is_hidden = not termios.tcgetattr(terminal)[3] & termios.ECHO
    return is_hidden or question.endswith("[y/N] ")
