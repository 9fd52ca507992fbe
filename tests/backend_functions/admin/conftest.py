"""An embedded backend whose keys are tended, and configs with sealed keys in it."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import parse_master_keys
from tests.support.backend import RunningBackend

ORIGIN, BASE_URL = "https://api.example.com:443", "https://api.example.com/v1"
OLD_ROWS = """
insert into public.model_configs (id, user_id, name, provider, model, base_url, api_key_encrypted)
values (%s, %s, %s, 'openai-compatible', 'm', %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Vault:
    """The backend, and what a test looks at."""

    backend: RunningBackend
    connection: psycopg.Connection[tuple[Any, ...]]
    log: Path

    @property
    def sealer(self) -> KeySealer:
        return KeySealer(parse_master_keys(load(self.backend.folder / "keys.json").master_keys))

    def command(self, *words: str) -> list[str]:
        folder = ("--folder", str(self.backend.folder))
        return [sys.executable, "-m", "backend_functions.admin", "keys", *words, *folder]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60)

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def add_user(self) -> UUID:
        email = f"{uuid4().hex}@example.com"
        row = self.connection.execute(
            "insert into auth.users (email) values (%s) returning id", (email,)
        ).fetchone()
        assert row is not None
        return UUID(str(row[0]))

    def add_sealed(self, count: int, key: str = "sk-canary-stored") -> None:
        user, sealer = self.add_user(), self.sealer
        rows = []
        for _ in range(count):
            config = uuid4()
            binding = KeyBinding(user, config, ORIGIN)
            envelope = sealer.seal(key, binding)
            rows.append((config, user, config.hex, BASE_URL, envelope))
        with self.connection.cursor() as cursor:
            cursor.executemany(OLD_ROWS, rows)

    def counts(self) -> dict[str, int]:
        rows = self.connection.execute(
            "select split_part(api_key_encrypted, ':', 2), count(*) from public.model_configs"
            " where api_key_encrypted is not null group by 1"
        )
        return dict(rows.fetchall())

    def opened(self) -> set[str]:
        """Open every stored key with what the file holds."""
        sealer = self.sealer
        rows = self.connection.execute(
            "select user_id, id, api_key_encrypted from public.model_configs"
            " where api_key_encrypted is not null and base_url = %s",
            (BASE_URL,),
        )
        return {
            sealer.open(envelope, KeyBinding(user, config, ORIGIN))
            for user, config, envelope in rows.fetchall()
        }


@pytest.fixture(scope="module")
def vault() -> Iterator[Vault]:
    """Run an embedded backend that logs at debug level to a file."""
    with tempfile.TemporaryDirectory(prefix="pocketllm ") as name:
        folder = Path(name)
        log = folder / "test.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "backend_functions.embedded", "--folder", name],
                env=dict(environ)
                | {"POCKETLLM_DEBUG": "1", "POCKETLLM_REQUESTS_PER_MINUTE": "1000000"},
                stdout=output,
                stderr=output,
                cwd="/",
            )
        status = _wait_until_ready(folder, process)
        ports = json.loads((folder / "ports.json").read_text())
        password = load(folder / "keys.json").admin_password
        url = database_url(SUPERUSER, password, ports["postgres"])
        with psycopg.connect(url, autocommit=True) as connection:
            yield Vault(RunningBackend(folder, process, status, 0), connection, log)
        process.terminate()
        process.wait(20)


def _wait_until_ready(folder: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    while process.poll() is None:
        try:
            status: dict[str, Any] = json.loads((folder / "backend.json").read_text())
        except (OSError, ValueError):
            status = {}
        if status.get("state") == "ready" and status.get("pid") == process.pid:
            return status
        time.sleep(0.01)
    raise RuntimeError((folder / "test.log").read_text())
