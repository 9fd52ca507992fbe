"""A hosted server in a process of its own: `python -m tests.support.replica PORT`.

It is what `python -m backend_functions` is, except that it may call providers on this machine.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import httpx
import jwt

from backend_functions import hosted
from backend_functions.embedded.ports import free_port
from backend_functions.settings import read_settings
from backend_functions.types import Caller
from tests.support.plain import NO_TLS

URL = "http://project.test"
SECRET = "a secret of a legacy project, long enough"


@dataclass(frozen=True, slots=True)
class RunningReplica:
    """The process, where it listens, and what it logs."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def stop(self) -> int:
        """Ask it to stop, and return its exit code.

        Raises:
            TimeoutExpired: It waited for something, which it may do for ten minutes.
        """
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def token(caller: Caller) -> str:
    """Return an access token of the project for a user."""
    now = int(time.time())
    claims = {
        **caller.claims,
        "iss": f"{URL}/auth/v1",
        "aud": "authenticated",
        "iat": now,
        "exp": now + 3600,
        "session_id": str(uuid4()),
    }
    return jwt.encode(claims, SECRET, "HS256")


@contextmanager
def running_replica(
    folder: Path, database_url: str, master_keys: str, **environment: str
) -> Iterator[RunningReplica]:
    """Run one on a database until the block ends, with its log in a folder."""
    port, log = free_port(), folder / f"replica-{uuid4().hex}.log"
    settings = {
        "SUPABASE_URL": URL,
        "SUPABASE_DB_URL": database_url,
        "SUPABASE_ANON_KEY": "sb_publishable_test",
        "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_canary",
        "SUPABASE_JWT_SECRET": SECRET,
        "POCKETLLM_PRIVATE_PROJECT": "on",
        "POCKETLLM_MASTER_KEYS": master_keys,
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.replica", str(port)],
            env=dict(os.environ) | settings,
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process)
        yield RunningReplica(process, url, log)
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    while True:
        if process.poll() is not None:
            raise RuntimeError("the replica ended")
        try:
            if httpx.get(f"{url}/readyz", timeout=5, verify=NO_TLS).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)


if __name__ == "__main__":
    settings = replace(read_settings(), mode="embedded")
    hosted._GRACE_SECONDS = 600  # a server that waits for its answers is seen to wait
    hosted.serve_hosted(settings, host="127.0.0.1", port=int(sys.argv[1]))
