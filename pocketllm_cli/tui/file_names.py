"""Files named in a prompt as `@path`: completed while typing, put in when it is sent.

The content of a text file stands behind the prompt; any other file is attached to it.
"""

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


def with_files(text: str, folder: Path) -> tuple[str, list[Path]]:
    """Return the prompt with the content of the text files it names put behind it, and the others.

    What names no file is left as it is. Text files of more than 256 KB are among the others.

    Raises:
        UsageProblem: A file named cannot be read.
    """
    parts, others = [text], []
    for match in _MENTION.finditer(text):
        name = match.group(1) or match.group(2)
        path = folder / Path(name).expanduser()
        if not path.is_file():
            continue
        content = _read(path, name)
        if content is None:
            others.append(path)
        else:
            parts.append(f"{name}:\n{_fenced(content)}")
    return "\n\n".join(parts), list(dict.fromkeys(others))


def is_text_file(path: Path) -> bool:
    """Say whether a file can be put in as text; one that cannot be read is left for later."""
    try:
        return _text_of(path) is not None
    except OSError:
        return True


def _read(path: Path, name: str) -> str | None:
    try:
        text = _text_of(path)
    except OSError as error:
        raise UsageProblem(f"{name} cannot be read: {error.strerror}.", hint=_HINT) from error
    return None if text is None else clean_text(text, for_terminal=False)


def _text_of(path: Path) -> str | None:
    """Return a file's text, or None for what is too large or no text."""
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


_HINT: Final = "Take the @ away to send the name only."


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"
