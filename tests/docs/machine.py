"""The machine on which the docs are run, by its back door: its database, and commands as JSON."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

import psycopg

from backend_functions.embedded.machine_keys import MachineKeys, load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.postgres import SUPERUSER
from tests.support.home import Home


@dataclass(slots=True)
class Machine:
    """A home whose `bin` is on the path and has `pocketllm`."""

    home: Home
    connection: "psycopg.Connection[tuple[Any, ...]] | None" = None
    """To the database; one for all statements, as signing in takes longer than most of them."""

    @property
    def keys(self) -> MachineKeys:
        """The keys of its backend as they are now."""
        return load(self.home.backend_folder / "keys.json")

    def database_url(self, login: str, password: str) -> str:
        ports = json.loads((self.home.backend_folder / "ports.json").read_text())
        return database_url(login, password, ports["postgres"])

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement past all policies."""
        assert self.connection is not None, "connected to in `start`"
        cursor = self.connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start the backend, and leave the database that there was before."""
        self.stop()
        self.run("backend", "start")
        address = self.database_url(SUPERUSER, self.keys.admin_password)
        self.connection = psycopg.connect(address, autocommit=True)

    def stop(self) -> None:
        """Leave the database; the backend goes with the home."""
        if self.connection is not None:
            self.connection.close()

    def run(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command that must succeed, and return what it prints with `--json`."""
        done = subprocess.run(
            [self.home.folder / "bin/pocketllm", *arguments, "--json"],
            input=stdin.encode(),
            capture_output=True,
            env=self.home.environment,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout or b"null")

    def run_locally(self, *arguments: str, stdin: str = "") -> Any:
        """The same, as the local account whatever context is in use."""
        return self.run("--context", "embedded", *arguments, stdin=stdin)
