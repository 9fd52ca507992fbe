"""A whole embedded backend in a process of its own, and users of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.support.plain import NO_TLS


@dataclass(frozen=True, slots=True)
class BackendUser:
    """A signed-up user."""

    url: str
    key: str
    email: str
    password: str
    token: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        response = httpx.request(
            method,
            f"{self.url}{path}",
            json=body,
            headers={"apikey": self.key, "authorization": f"Bearer {self.token}", **headers},
            timeout=30,
            verify=NO_TLS,
        )
        response.raise_for_status()
        return response.json() if response.content else None

    def add_config(self, **columns: Any) -> str:
        body = {"name": uuid4().hex, "provider": "openai-compatible", **columns}
        record_id: str = self.call("POST", "/functions/v1/model-configs", body)["id"]
        return record_id

    def add_chat(self, config_id: str) -> str:
        body = {"id": str(uuid4()), "title": "t", "model_config_id": config_id}
        self.call("POST", "/rest/v1/chats", body, prefer="return=minimal")
        return body["id"]


def sign_up(url: str, key: str, email: str = "") -> BackendUser:
    """Make an account, of a new address where none is given."""
    email, password = email or f"{uuid4().hex}@example.org", "correct horse battery"
    response = httpx.post(
        f"{url}/auth/v1/signup",
        json={"email": email, "password": password},
        headers={"apikey": key},
        timeout=30,
        verify=NO_TLS,
    )
    response.raise_for_status()
    return BackendUser(url, key, email, password, response.json()["access_token"])


@dataclass
class RunningBackend:
    """The process and what it tells of itself."""

    folder: Path
    process: subprocess.Popen[bytes]
    status: dict[str, Any]
    start_seconds: float

    @property
    def url(self) -> str:
        return str(self.status["url"])

    def sign_up(self, email: str) -> BackendUser:
        return sign_up(self.url, self.status["publishable_key"], email)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def start_backend(folder: Path, **environment: str) -> RunningBackend:
    """Start and wait until it is ready.

    Raises:
        RuntimeError: It said that it failed, or ended.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "backend_functions.embedded", "--folder", str(folder)],
        env=dict(os.environ) | environment,
        cwd="/",
    )
    while True:
        try:
            status = json.loads((folder / "backend.json").read_text())
        except (OSError, ValueError):
            status = {}
        if status.get("pid") == process.pid and status["state"] == "ready":
            return RunningBackend(folder, process, status, time.perf_counter() - began)
        if process.poll() is not None:
            raise RuntimeError(f"the backend ended: {status}")
        time.sleep(0.005)


@contextmanager
def running_backend() -> Iterator[RunningBackend]:
    """Run one in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="pocketllm ") as folder:
        backend = start_backend(Path(folder))
        try:
            yield backend
        finally:
            backend.stop()
