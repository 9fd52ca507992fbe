"""`doctor`: each of its rows fails when what it is about fails, and names what mends it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.app import App
from pocketllm_cli.console import Console
from pocketllm_cli.errors import ExitCode
from pocketllm_cli.invocation import Invocation
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend, Row

CHECKS = [
    *("network", "clock", "functions", "versions", "schema", "session"),
    *("row level security", "bucket", "realtime", "worker", "model", "keyring"),
]
SOUND: Row = {"open_tables": [], "unheard_tables": [], "bucket_is_private": True}
NO_REALTIME = {"realtime"}
"""What fails at this backend always: it speaks no WebSocket."""


@pytest.fixture
def sound(backend: FakeBackend) -> FakeBackend:
    """A backend that is set as it should be."""
    backend.results["self_check"] = [SOUND]
    backend.results["worker_check"] = 1
    backend.add_model("gpt", is_default=True)
    return backend


def examine(cli: Cli) -> dict[str, Row]:
    result = cli("doctor", "--json")
    assert result.exit_code == ExitCode.FAILURE
    assert result.err == ""
    findings: list[Row] = json.loads(result.out)
    assert [finding["check"] for finding in findings] == CHECKS
    return {finding["check"]: finding for finding in findings}


def with_state(findings: dict[str, Row], state: str) -> set[str]:
    return {name for name, finding in findings.items() if finding["state"] == state}


def test_a_terminal_that_knows_only_lines_is_shown_nothing_that_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    invocation = Invocation()
    app = App(invocation, Console(invocation))
    monkeypatch.setattr("pocketllm_cli.console._is_terminal", lambda stream: True)

    assert app.paths
    assert not app.console.can_animate


def test_what_works_is_said_and_what_does_not_ends_with_1(cli: Cli, sound: FakeBackend) -> None:
    findings = examine(cli)
    lines = cli("doctor").out.splitlines()

    assert with_state(findings, "failed") == NO_REALTIME
    assert all(finding["fix"] is None for finding in findings.values() if finding["state"] == "ok")
    assert lines[0].startswith("ok      network")
    assert next(line for line in lines if line.startswith("FAILED")).split()[1] == "realtime"


def answers(path: str, status: int, **body: Any) -> Callable[[FakeBackend], None]:
    return lambda backend: backend.failing.__setitem__(path, (status, body))


def finds(**changes: Any) -> Callable[[FakeBackend], None]:
    return lambda backend: backend.results.__setitem__("self_check", [SOUND | changes])


def without_a_worker(backend: FakeBackend) -> None:
    backend.results["worker_check"] = 0


def skew(backend: FakeBackend) -> None:
    backend.clock_seconds_off = -300


def of_another_version(backend: FakeBackend) -> None:
    backend.health["/functions/v1/health"]["version"] = "9.1.0"


def without_a_default(backend: FakeBackend) -> None:
    backend.tables["model_configs"][0]["is_default"] = False


def with_a_bad_key(backend: FakeBackend) -> None:
    config_id = backend.tables["model_configs"][0]["id"]
    path = f"/functions/v1/model-configs/{config_id}/test"
    answers(path, 502, error={"code": "provider_rejected_key", "message": "No."})(backend)


NOT_READY = {"code": "unavailable", "message": "Migrations are missing in the database, 2 from x."}
RPC = "/rest/v1/rpc/self_check"


@pytest.mark.parametrize(
    ("provoke", "check", "fix"),
    [
        (skew, "clock", "timedatectl"),
        (without_a_worker, "worker", "backend_functions.worker"),
        (answers("/functions/v1/health", 404, message="no"), "functions", "context show"),
        (of_another_version, "versions", "pip install --upgrade pocketllm"),
        (answers("/functions/v1/readyz", 503, error=NOT_READY), "schema", "admin migrate"),
        (
            finds(open_tables=["chats", "jobs"]),
            "row level security",
            "alter table public.chats enable row level security; alter table public.jobs",
        ),
        (answers(RPC, 404, code="PGRST202", message="no"), "row level security", "admin migrate"),
        (finds(bucket_is_private=False), "bucket", "set public = false"),
        (finds(bucket_is_private=None), "bucket", "admin migrate"),
        (finds(unheard_tables=["jobs"]), "realtime", "add table public.jobs"),
        (without_a_default, "model", "models default NAME"),
        (with_a_bad_key, "model", "--key-stdin"),
    ],
)
def test_a_row_fails_and_names_what_mends_it(
    cli: Cli, sound: FakeBackend, provoke: Callable[[FakeBackend], None], check: str, fix: str
) -> None:
    provoke(sound)
    finding = examine(cli)[check]

    assert finding["state"] == "failed"
    assert fix in finding["fix"]


@pytest.mark.parametrize(
    ("provoke", "fix"),
    [
        (FakeBackend.stop, "context show"),
        (answers("/auth/v1/health", 401, message="Invalid API key"), "context add"),
        (
            lambda backend: setattr(backend, "plain_answer", (200, "text/html", b"<html>")),
            "sign in first",
        ),
    ],
    ids=["nobody listens", "another key", "a portal answers"],
)
def test_without_a_network_the_rest_is_skipped(
    cli: Cli, sound: FakeBackend, provoke: Callable[[FakeBackend], None], fix: str
) -> None:
    provoke(sound)
    findings = examine(cli)

    assert fix in findings["network"]["fix"]
    assert with_state(findings, "failed") == {"network"}
    assert with_state(findings, "ok") == {"keyring"}


def test_without_a_session_what_needs_one_is_skipped(cli: Cli, sound: FakeBackend) -> None:
    sound.tokens.clear()
    findings = examine(cli)

    assert with_state(findings, "failed") == {"session"}
    assert "pocketllm login" in findings["session"]["fix"]
    assert with_state(findings, "skipped") == {
        *("row level security", "bucket", "realtime", "worker", "model")
    }


def test_a_keyring_that_lost_the_session_is_told(cli: Cli, sound: FakeBackend, home: Path) -> None:
    file = home / "state" / "sessions" / "environment.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"store": "keyring", "url": sound.url, "email": "me@example.org"}))
    file.chmod(0o600)
    finding = examine(cli)["keyring"]

    assert finding["state"] == "failed"
    assert "pocketllm login" in finding["fix"]
