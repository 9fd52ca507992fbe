"""Locks between processes: one does the work, the others wait and then find it done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from pocketllm_cli.errors import BackendTimeout, LocalFileProblem
from pocketllm_cli.private_files import make_private_folder

_LONGEST_WAIT_SECONDS: Final = 150.0


@asynccontextmanager
async def held_lock(path: Path, deed: str) -> AsyncIterator[None]:
    """Hold the lock at `path` for the block.

    Args:
        deed: What the holder does, as in "start the embedded backend".

    Raises:
        BackendTimeout: Another process has been doing it for too long.
        LocalFileProblem: The lock's file cannot be used.
    """
    from filelock import AsyncFileLock, Timeout  # commands that change nothing do without

    make_private_folder(path.parent)
    lock = AsyncFileLock(path, timeout=_LONGEST_WAIT_SECONDS, mode=0o600)
    try:
        await lock.acquire()
    except Timeout as error:
        raise BackendTimeout(f"Another command has been trying to {deed} for too long.") from error
    except OSError as error:
        raise LocalFileProblem(f"Could not use {path}: {error.strerror}.") from error
    try:
        yield
    finally:
        await lock.release()
