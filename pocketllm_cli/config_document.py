"""`config.toml` as a file: read, asked for the line of a value, changed without losing a word."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pocketllm_cli.errors import LocalFileProblem, UsageProblem
from pocketllm_cli.private_files import make_private_folder, write_private

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Place = tuple[str, ...]
"""Where a value stands: the names of the tables, then its own."""

_LONGEST_WAIT_SECONDS: Final = 10.0
_NEW: Final = "# Contexts and settings of pocketllm. What you write here stays, comments too.\n"


def read_document(path: Path) -> tuple[dict[str, Any], str]:
    """Return the content and the text of the file; those of a missing one are empty.

    Raises:
        UsageProblem: It is no TOML; the line is told.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}, ""
    except (OSError, UnicodeDecodeError) as error:
        raise broken(path, "it cannot be read") from error
    import tomllib  # only where there is a file

    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        last_line = f"at line {text.count(chr(10)) + 1}"
        raise broken(path, str(error).replace("at end of document", last_line)) from error


def line_of(text: str, place: Sequence[str]) -> int | None:
    """Return the line on which a value ends, from 1; None where the value is not there.

    TOML may name a value in many ways, so the shortest beginning of the text that has it is sought.
    """
    import tomllib

    lines = text.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        try:
            found: Any = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue  # amid a text of several lines
        for name in place:
            found = found.get(name) if isinstance(found, dict) else None
        if found is not None:
            return count
    return None


@contextmanager
def edited(path: Path) -> Iterator["TOMLDocument"]:
    """Hand out the file's document, alone among all processes, and store what becomes of it.

    Raises:
        UsageProblem: The file is no TOML.
        LocalFileProblem: It cannot be written; it is then left as it was.
    """
    import tomlkit  # only where something is changed
    from filelock import FileLock, Timeout

    make_private_folder(path.parent)
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=_LONGEST_WAIT_SECONDS, mode=0o600)
    try:
        with lock:
            _, text = read_document(path)
            document = tomlkit.parse(text or _NEW)
            yield document
            write_private(path, _checked(path, document))
    except Timeout as error:
        raise LocalFileProblem(f"Another program has been writing {path} for too long.") from error


def broken(path: Path, reason: str, line: int | None = None) -> UsageProblem:
    """Return what a person is told of a file that cannot be used."""
    where = f"{path}, line {line}," if line else str(path)
    return UsageProblem(
        f"{where} cannot be used: {reason[0].lower()}{reason[1:]}.",
        hint="Mend or remove the file; it was left as it is.",
    )


def _checked(path: Path, document: "TOMLDocument") -> str:
    """Return the text of a document, once it is known to say what was meant."""
    import tomllib

    text = document.as_string()
    try:
        is_right = tomllib.loads(text) == document.unwrap()
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        raise LocalFileProblem(
            f"{path} is written in a way that cannot be changed from here.",
            hint="Change it in an editor; it was left as it is.",
        )
    return text
