"""The client run against a backend in a thread, each test in a home of its own."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from pocketllm_cli.cli import main
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend, serve

PROGRAM = [sys.executable, "-m", "pocketllm_cli"]


class Result(NamedTuple):
    exit_code: int
    out: str
    err: str


class Cli(Protocol):
    def __call__(self, *argv: str, stdin: bytes | None = None) -> Result: ...


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the client's files; nothing of the real environment is seen."""
    for name in list(os.environ):
        if name.startswith(("POCKETLLM_", "SUPABASE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("POCKETLLM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return tmp_path / "home"


@pytest.fixture
def unset_backend() -> Iterator[FakeBackend]:
    """A running backend that the environment does not name."""
    backend = FakeBackend()
    serve(backend)
    yield backend
    backend.over.set()
    backend.stop()


@pytest.fixture
def backend(unset_backend: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    """A running backend that commands use, with a token that is good."""
    monkeypatch.setenv("POCKETLLM_URL", unset_backend.url)
    monkeypatch.setenv("POCKETLLM_ANON_KEY", KEY)
    monkeypatch.setenv("POCKETLLM_ACCESS_TOKEN", "token")
    return unset_backend


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run the real entry point in this process."""

    def run(*argv: str, stdin: bytes | None = None) -> Result:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin or b"")))
        with pytest.raises(SystemExit) as ended:
            main(argv)
        captured = capfd.readouterr()
        return Result(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def program() -> Callable[..., "subprocess.CompletedProcess[bytes]"]:
    """Run the program as a process, for pipes, signals and closed streams."""

    def run(*argv: str, **changes: Any) -> "subprocess.CompletedProcess[bytes]":
        options: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "capture_output": True,
            "timeout": 30,
        } | changes
        if "input" in options:
            del options["stdin"]
        return subprocess.run([*PROGRAM, *argv], **options)

    return run
