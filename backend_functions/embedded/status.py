"""What the backend tells of itself: one private file, and a lock that is held while it lives."""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from backend_functions.embedded.files import write_private

State = Literal["starting", "ready", "stopping", "failed"]


class AlreadyRunning(Exception):
    """Another process runs this folder's backend."""


@dataclass(frozen=True, slots=True)
class Status:
    """The content of `backend.json`. Addresses and keys are there once it is ready."""

    state: State
    detail: str
    hint: str | None = None
    url: str | None = None
    publishable_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    database_url: str | None = field(default=None, repr=False)
    model: str | None = None
    sealing_key: str | None = None
    """The id of the master key that seals: changes when `keys.json` was read again."""
    signing_key: str | None = None
    """The id of the key that signs tokens, likewise."""
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    pid: int = field(default_factory=os.getpid)
    version: int = 1


def tell(folder: Path, status: Status) -> None:
    """Replace what clients read."""
    write_private(folder / "backend.json", json.dumps(asdict(status), indent=2))


def hold_lock(folder: Path, *, wait_seconds: float = 2.0) -> int:
    """Take the lock that says this folder's backend lives, and return its descriptor.

    Waits a little: a client that asks whether we live holds it for a moment itself.

    Raises:
        AlreadyRunning: It is held for longer than that.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise AlreadyRunning(f"A backend already runs in {folder}.") from None
            time.sleep(0.01)
        else:
            return descriptor
