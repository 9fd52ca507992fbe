"""Files that only their owner may read: made 0600 before they hold anything, replaced whole.

A symbolic link, or a file that belongs to somebody else, is refused rather than followed.
"""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pocketllm_cli.errors import LocalFileProblem

_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag


def make_private_folder(folder: Path) -> None:
    """Create a folder, and what is missing above it, 0700; close an existing one to others.

    Raises:
        LocalFileProblem: It cannot be made.
    """
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise _problem("make the folder", folder, error) from error


def read_private(path: Path, warn: Callable[[str], None]) -> str | None:
    """Return the file's text, or None if there is no such file.

    A file that others may read is closed to them, and `warn` is told.

    Raises:
        LocalFileProblem: It is a link, somebody else's, or not readable.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _problem("read", path, error) from error
    with open(descriptor, encoding="utf-8", errors="replace") as file:
        status = os.fstat(descriptor)
        _refuse_foreign(path, status)
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
            warn(f"{path} could be read by others; its mode is 0600 now.")
        return file.read()


def write_private(path: Path, text: str, *, is_lasting: bool = True) -> None:
    """Replace the file's content at once: a reader sees the old or the new, never a part.

    Args:
        is_lasting: Wait until it would outlive a loss of power.

    Raises:
        LocalFileProblem: It cannot be written, or a link or a foreign file is in its place.
    """
    write_private_bytes(path, text.encode(), is_lasting=is_lasting)


def write_private_bytes(path: Path, data: bytes, *, is_lasting: bool = True) -> None:
    """Do the same with bytes.

    Raises:
        LocalFileProblem: It cannot be written, or a link or a foreign file is in its place.
    """
    make_private_folder(path.parent)
    if path.is_symlink():
        raise LocalFileProblem(f"{path} is a symbolic link.", hint="Remove it and try again.")
    if path.exists():
        _refuse_foreign(path, path.stat())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with open(create_private(draft), "wb") as file:
            file.write(data)
            file.flush()
            if is_lasting:
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _problem("write", path, error) from error


def create_private(path: Path) -> int:
    """Create a new 0600 file and return its descriptor for writing."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)


def append_private(path: Path) -> int:
    """Open a 0600 file for appending, created where it is missing.

    Raises:
        LocalFileProblem: It cannot be opened.
    """
    make_private_folder(path.parent)
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_FOLLOW, 0o600)
    except OSError as error:
        raise _problem("write", path, error) from error


def _refuse_foreign(path: Path, status: os.stat_result) -> None:
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise LocalFileProblem(
            f"{path} belongs to another user.", hint="Move it away and try again."
        )


def _problem(deed: str, path: Path, error: OSError) -> LocalFileProblem:
    reason = "it is a symbolic link" if path.is_symlink() else error.strerror or "unknown reason"
    return LocalFileProblem(f"Could not {deed} {path}: {reason}.")
