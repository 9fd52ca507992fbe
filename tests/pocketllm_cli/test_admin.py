import json
import sys
from pathlib import Path

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

PROGRAM = """
import json, sys
if sys.argv[1:5] == ["keys", "rotate", "--dry-run", "--json"]:
    print(json.dumps({"resealed": 1200, "failed": 2, "sealing_key": "m2"}))
    sys.exit(0)
print(json.dumps(sys.argv[1:]))
print("told", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program for operators that tells its arguments."""
    wrapper = tmp_path / "python"
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    wrapper.write_text(f'#!/bin/sh\nshift 3\nexec "{sys.executable}" "{script}" "$@"\n')
    wrapper.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(wrapper))
    monkeypatch.setattr("pocketllm_cli.commands.admin_program.find_spec", lambda name: name)


@pytest.mark.usefixtures("program", "backend")
@pytest.mark.parametrize(
    ("argv", "passed"),
    [
        (("list",), ["keys", "list"]),
        ((), ["keys", "list"]),
        (("rotate", "--yes", "--json"), ["keys", "rotate", "--json"]),
        (("rotate", "--dry-run"), ["keys", "rotate", "--dry-run"]),
        (("retire", "m1", "-y"), ["keys", "retire", "--", "m1"]),
        (("retire", "-y", "--", "--json"), ["keys", "retire", "--", "--json"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_the_backends_program_does_the_work_and_its_exit_code_is_ours(
    cli: Cli, argv: tuple[str, ...], passed: list[str]
) -> None:
    result = cli("admin", "keys", *argv)

    assert json.loads(result.out) == passed
    assert result.err == "told\n"
    assert result.exit_code == 3


@pytest.mark.usefixtures("program", "backend")
@pytest.mark.parametrize(
    ("argv", "passed"),
    [
        ((), ["auth-keys", "list"]),
        (("list", "--json"), ["auth-keys", "list", "--json"]),
        (("legacy",), ["auth-keys", "legacy"]),
        (("rotate", "--yes"), ["auth-keys", "rotate"]),
        (("retire", "-y", "a-kid"), ["auth-keys", "retire", "--", "a-kid"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_the_keys_that_sign_tokens_are_tended_by_the_same_program(
    cli: Cli, argv: tuple[str, ...], passed: list[str]
) -> None:
    assert json.loads(cli("admin", "auth-keys", *argv).out) == passed


@pytest.mark.usefixtures("program", "backend")
@pytest.mark.parametrize("noun", ["keys", "auth-keys"])
@pytest.mark.parametrize("argv", [("rotate",), ("retire", "m1")], ids=" ".join)
def test_what_changes_keys_needs_a_confirmation(cli: Cli, noun: str, argv: tuple[str, ...]) -> None:
    result = cli("admin", noun, *argv)

    assert result.exit_code == ExitCode.USAGE
    assert "--yes" in result.err
    assert result.out == ""


@pytest.mark.usefixtures("program", "backend")
def test_a_rotation_says_how_many_keys_it_would_seal_before_it_asks(cli: Cli) -> None:
    result = cli("admin", "keys", "rotate")

    plan, _, question = result.err.partition("left as they are.")
    assert plan == "This would seal 1,200 provider keys with m2. 2 do not open and would be "
    assert "--yes" in question


def test_without_the_programs_it_says_how_to_install_them(
    cli: Cli, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketllm_cli.commands.admin_program.find_spec", lambda name: None)
    result = cli("admin", "keys", "list")

    assert result.exit_code == ExitCode.FAILURE
    assert "pip install" in result.err
