"""The secret key of a hosted backend: from the environment or the keyring, never shown."""

import json
from pathlib import Path

import pytest

from pocketllm_cli import credentials
from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.test_admin_database import MemoryKeyring

KEY = "sb_secret_0123456789abcdef"


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    made = MemoryKeyring()
    monkeypatch.setattr(credentials, "system_keyring", lambda: made)
    return made


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETLLM_URL", "https://project.example.co")
    monkeypatch.setenv("POCKETLLM_ANON_KEY", "sb_publishable_x")


@pytest.mark.usefixtures("hosted")
def test_it_is_kept_told_without_being_shown_and_forgotten(
    cli: Cli, keyring: MemoryKeyring
) -> None:
    kept = cli("admin", "secret-key", "keep", "--key-stdin", stdin=f"{KEY}\n".encode())
    held = list(keyring.secrets.values())
    shown = cli("admin", "secret-key", "show", "--json")
    forgotten = cli("admin", "secret-key", "forget")
    gone = cli("admin", "secret-key")

    assert (kept.exit_code, forgotten.exit_code, gone.exit_code) == (0, 0, ExitCode.AUTH)
    assert held == [KEY]
    assert json.loads(shown.out) == {"kind": "secret", "source": "keyring"}
    assert keyring.secrets == {}
    assert "SUPABASE_SECRET_KEY" in gone.err


@pytest.mark.usefixtures("hosted", "keyring")
@pytest.mark.parametrize("name", ["SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"])
def test_the_environment_comes_first(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "aa.bb.cc")

    shown = cli("admin", "secret-key", "show")

    assert shown.out == "a service_role key, from the environment\n"


@pytest.mark.usefixtures("hosted", "keyring")
def test_what_is_no_secret_key_is_not_kept(cli: Cli) -> None:
    for text in (b"sb_publishable_x\n", b"two words\n", b"\n"):
        refused = cli("admin", "secret-key", "keep", "--key-stdin", stdin=text)
        assert refused.exit_code == ExitCode.USAGE


@pytest.mark.usefixtures("hosted", "keyring")
@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_a_hosted_project_has_backups_of_its_own(cli: Cli, verb: str, tmp_path: Path) -> None:
    refused = cli("admin", verb, str(tmp_path / "b"))

    assert refused.exit_code == ExitCode.USAGE
    assert "hosted" in refused.err
