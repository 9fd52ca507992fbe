"""A user's machine: a folder of their own, the client's commands, and the backend they start."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

POCKETLLM = str(Path(sys.executable).with_name("pocketllm"))


@dataclass(frozen=True, slots=True)
class Home:
    """Runs `pocketllm` with everything it keeps in one folder."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    program: str = POCKETLLM
    """What `run` runs: the installed program, or one that is warm already."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a new user: nothing of ours, no terminal, no keyring."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | {
            "HOME": str(self.folder),
            "POCKETLLM_HOME": str(self.folder / "pocketllm"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **self.extra,
        }

    @property
    def backend_folder(self) -> Path:
        return self.folder / "pocketllm" / "data" / "backend"

    def run(self, *arguments: str, stdin: bytes = b"", timeout: float = 90, **extra: str) -> "Ran":
        done = subprocess.run(
            [self.program, *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment | extra,
            timeout=timeout,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode(errors="replace"))

    def start(self, *arguments: str, **keywords: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [POCKETLLM, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **keywords,
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.backend_folder / "backend.json").read_text())
        return found

    def processes(self) -> list[psutil.Process]:
        """The backend's process and PostgreSQL's."""
        mark = str(self.backend_folder)
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(mark in part for part in process.info["cmdline"] or ())
        ]

    def kill_everything(self) -> int:
        """`kill -9` every process of the backend at once."""
        parents = self.processes()
        family = [child for parent in parents for child in parent.children(recursive=True)]
        for process in [*parents, *family]:
            if process.is_running():
                process.kill()
        psutil.wait_procs([*parents, *family], timeout=10)
        return len(parents)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    def json(self) -> Any:
        return json.loads(self.out)


@contextmanager
def home_in(folder: Path, program: str = POCKETLLM, **extra: str) -> Iterator[Home]:
    """Give a home; whatever was started from it is stopped afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    home = Home(folder, extra, program)
    try:
        yield home
    finally:
        for _ in range(3):
            if not home.kill_everything():
                break
            time.sleep(0.1)
