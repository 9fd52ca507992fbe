import json
import time
from pathlib import Path

import pytest

from pocketllm_cli import credentials
from pocketllm_cli.credentials import CredentialStore, Keyring, system_keyring
from pocketllm_cli.errors import KeyringProblem
from pocketllm_cli.models import Session

SESSION = Session("https://x", "me@example.org", "access", 9e9, "refresh", None)


class MemoryKeyring:
    """A keyring that keeps secrets in memory."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str, /) -> str | None:
        return self.secrets.get((service, name))

    def set_password(self, service: str, name: str, password: str, /) -> None:
        self.secrets[service, name] = password

    def delete_password(self, service: str, name: str, /) -> None:
        del self.secrets[service, name]


class LockedKeyring(MemoryKeyring):
    """A keyring that waits for somebody to unlock it."""

    def get_password(self, service: str, name: str, /) -> str | None:
        time.sleep(0.5)
        return None

    def set_password(self, service: str, name: str, password: str, /) -> None:
        time.sleep(0.5)


def store_in(folder: Path, keyring: Keyring | None, said: list[str]) -> CredentialStore:
    return CredentialStore(folder, said.append, lambda: keyring)


def test_secrets_go_to_the_keyring_and_the_rest_to_the_file(tmp_path: Path) -> None:
    keyring, said = MemoryKeyring(), list[str]()
    store = store_in(tmp_path, keyring, said)
    store.save("work", SESSION)

    assert "refresh" not in (tmp_path / "work.json").read_text().replace('"refresh_token"', "")
    assert len(keyring.secrets["pocketllm", "work"].encode("utf-16")) < 1280
    assert store.load("work", with_secrets=True) == SESSION
    assert said == []


def test_the_access_token_is_read_without_the_keyring(tmp_path: Path) -> None:
    store_in(tmp_path, MemoryKeyring(), []).save("work", SESSION)

    def never() -> Keyring | None:
        raise AssertionError("the keyring was asked for")

    session = CredentialStore(tmp_path, print, never).load("work")

    assert session is not None
    assert (session.access_token, session.refresh_token) == ("access", "")


def test_without_a_keyring_the_file_holds_all_and_that_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    store = store_in(tmp_path, None, said)
    store.save("work", SESSION)
    store.save("work", SESSION)

    assert store.load("work", with_secrets=True) == SESSION
    assert len(said) == 1
    assert (tmp_path / "work.json").stat().st_mode & 0o777 == 0o600


def test_a_keyring_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_KEYRING_SECONDS", 0.05)
    said: list[str] = []
    store_in(tmp_path, LockedKeyring(), said).save("file", SESSION)
    store_in(tmp_path, MemoryKeyring(), said).save("locked", SESSION)

    assert json.loads((tmp_path / "file.json").read_text())["store"] == "file"
    with pytest.raises(KeyringProblem):
        store_in(tmp_path, LockedKeyring(), said).load("locked", with_secrets=True)


def test_forgetting_leaves_nothing_in_either_place(tmp_path: Path) -> None:
    keyring = MemoryKeyring()
    store = store_in(tmp_path, keyring, [])
    store.save("work", SESSION)
    store.forget_tokens("work")

    assert keyring.secrets == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_a_backend_that_keeps_no_secrets_counts_as_none(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import keyring

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)

    assert system_keyring() is None


@pytest.mark.parametrize("content", ["", "{half", "[]", "null"])
def test_a_damaged_file_counts_as_signed_out(tmp_path: Path, content: str) -> None:
    (tmp_path / "work.json").write_text(content)

    assert store_in(tmp_path, None, []).load("work") is None
