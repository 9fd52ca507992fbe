"""Files named in a prompt as `@path`: completed while typing, put in as text when it is sent."""

import os
import re
from pathlib import Path
from typing import Final

from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.sanitize import clean_text

_MENTION: Final = re.compile(r'(?:(?<=\s)|^)@(?:"([^"\n]+)"|([^\s"@]+))')
_AT_CURSOR: Final = re.compile(r'(?:(?<=\s)|^)@("?[^\s"]*)$')
_MOST_SHOWN: Final = 50
_MOST_LOOKED_AT: Final = 2_000
_MOST_BYTES: Final = 256 * 1024


def mention_at_end(text: str) -> str | None:
    """Return what is typed of a path after the last `@`, or None where no path is being typed."""
    match = _AT_CURSOR.search(text)
    return match.group(1).lstrip('"') if match else None


def paths_beginning(typed: str, folder: Path) -> list[str]:
    """Return paths that begin with what is typed, folders with a slash, in their order.

    Hidden files come only where the name typed begins with a dot.
    """
    place, _, start = typed.rpartition("/")
    if typed.startswith("/") and not place:
        place = "/"
    where = folder / Path(place).expanduser() if place else folder
    found: list[str] = []
    try:
        with os.scandir(where) as entries:
            for count, entry in enumerate(entries):
                if count > _MOST_LOOKED_AT:
                    break
                if not entry.name.lower().startswith(start.lower()):
                    continue
                if entry.name.startswith(".") and not start.startswith("."):
                    continue
                prefix = typed[: len(typed) - len(start)]
                found.append(f"{prefix}{entry.name}{'/' if entry.is_dir() else ''}")
    except OSError:
        return []
    return sorted(found)[:_MOST_SHOWN]


def as_mention(path: str) -> str:
    """Return how a path is written in a prompt."""
    return f'@"{path}"' if re.search(r"\s", path) else f"@{path}"


def with_files(text: str, folder: Path) -> str:
    """Return the prompt with the content of the text files it names put behind it.

    What names no file is left as it is.

    Raises:
        UsageProblem: A file named is not text, is too large or cannot be read.
    """
    parts = [text]
    for match in _MENTION.finditer(text):
        name = match.group(1) or match.group(2)
        path = folder / Path(name).expanduser()
        if path.is_file():
            parts.append(f"{name}:\n{_fenced(_read(path, name))}")
    return "\n\n".join(parts)


def _read(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageProblem(f"{name} cannot be read: {error.strerror}.", hint=_HINT) from error
    if len(data) > _MOST_BYTES:
        raise UsageProblem(f"{name} is larger than 256 KB.", hint=_HINT)
    try:
        return clean_text(data.decode("utf-8"), for_terminal=False)
    except UnicodeDecodeError:
        raise UsageProblem(f"{name} is no text file.", hint=_HINT) from None


_HINT: Final = "Take the @ away to send the name only."


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"
