"""Where sessions are kept: the system keyring, else a 0600 file; one small file says which.

The refresh token and the local account's password are the secrets that go to the keyring. The
access token is short-lived and would be too long for some keyrings (1280 characters on Windows),
so it lies in the 0600 file, and a command with a valid one never touches the keyring.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from pocketllm_cli.errors import KeyringProblem
from pocketllm_cli.models import Session
from pocketllm_cli.private_files import read_private, write_private

_SERVICE: Final = "pocketllm"
_KEYRING_SECONDS: Final = 5.0
_SECRETS: Final = ("refresh_token", "password")
_NO_KEYRING_HINT: Final = "Set it in the environment for the one command that needs it."

Store = Literal["keyring", "file"]


class Keyring(Protocol):
    """What we need of a keyring; `keyring` itself has this shape."""

    def get_password(self, service: str, name: str, /) -> str | None: ...
    def set_password(self, service: str, name: str, password: str, /) -> None: ...
    def delete_password(self, service: str, name: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class CredentialStore:
    """The sessions of this user, by name.

    Args:
        folder: Holds a file per name.
        warn: Is told, once per name, where secrets go when there is no keyring.
        find_keyring: Returns a keyring that keeps secrets, or None.
    """

    folder: Path
    warn: Callable[[str], None]
    find_keyring: Callable[[], Keyring | None]

    def load(self, name: str, *, with_secrets: bool = False) -> Session | None:
        """Return the session of this name.

        Without `with_secrets`, what lies in the keyring is left out and the keyring untouched.

        Raises:
            KeyringProblem: The secrets are in a keyring that does not answer.
        """
        row = self._read(name)
        if row is None:
            return None
        secrets = {key: row.get(key) for key in _SECRETS}
        if row.get("store") == "keyring" and with_secrets:
            secrets = self._from_keyring(name)
        return Session(
            url=str(row.get("url") or ""),
            email=row.get("email"),
            access_token=str(row.get("access_token") or ""),
            expires_at=float(row.get("expires_at") or 0),
            refresh_token=str(secrets.get("refresh_token") or ""),
            password=secrets.get("password"),
        )

    def save(self, name: str, session: Session) -> None:
        """Keep a session, secrets first.

        Raises:
            LocalFileProblem: The file cannot be written.
        """
        known = self._read(name)
        store: Store = "file" if known and known.get("store") == "file" else "keyring"
        secrets = {key: getattr(session, key) for key in _SECRETS}
        if store == "keyring" and not self._into_keyring(name, secrets):
            store = "file"
            if not any(self.folder.glob("*.json")):
                self.warn(f"No system keyring: the session is kept in {self._file(name)}")
        row: dict[str, Any] = {
            "store": store,
            "url": session.url,
            "email": session.email,
            "access_token": session.access_token,
            "expires_at": session.expires_at,
        }
        write_private(self._file(name), json.dumps(row | (secrets if store == "file" else {})))

    def forget_tokens(self, name: str) -> None:
        """Drop a session; a password that no person knows stays."""
        session = self.load(name, with_secrets=True)
        if session is None:
            return
        if session.password is None:
            self.remove(name)
        else:
            self.save(name, replace(session, access_token="", expires_at=0.0, refresh_token=""))

    def remove(self, name: str) -> None:
        """Drop everything kept under this name."""
        row = self._read(name)
        if row and row.get("store") == "keyring" and (keyring := self.find_keyring()):
            _within_time(lambda: keyring.delete_password(_SERVICE, name))
        self._file(name).unlink(missing_ok=True)

    def load_secret(self, name: str) -> str | None:
        """Return a secret that only a keyring may hold; None where there is none.

        Raises:
            KeyringProblem: The keyring does not answer.
        """
        keyring = self.find_keyring()
        if keyring is None:
            return None
        done, secret = _within_time(lambda: keyring.get_password(_SERVICE, name))
        if not done:
            raise KeyringProblem
        return secret or None

    def save_secret(self, name: str, secret: str) -> None:
        """Keep a secret in the keyring, and nowhere if that cannot be.

        Raises:
            KeyringProblem: There is no keyring, or it does not answer.
        """
        keyring = self.find_keyring()
        if keyring is None:
            raise KeyringProblem("There is no system keyring.", hint=_NO_KEYRING_HINT)
        if not _within_time(lambda: keyring.set_password(_SERVICE, name, secret))[0]:
            raise KeyringProblem

    def remove_secret(self, name: str) -> None:
        """Drop a secret from the keyring, if it is there."""
        if self.load_secret(name) is not None and (keyring := self.find_keyring()):
            _within_time(lambda: keyring.delete_password(_SERVICE, name))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _read(self, name: str) -> dict[str, Any] | None:
        text = read_private(self._file(name), self.warn)
        if text is None:
            return None
        try:
            row = json.loads(text)
        except ValueError:
            return None
        return row if isinstance(row, dict) else None

    def _from_keyring(self, name: str) -> dict[str, Any]:
        keyring = self.find_keyring()
        if keyring is None:
            raise KeyringProblem("The session is in a system keyring that is not there now.")
        done, text = _within_time(lambda: keyring.get_password(_SERVICE, name))
        if not done:
            raise KeyringProblem
        return dict(json.loads(text)) if text else {}

    def _into_keyring(self, name: str, secrets: dict[str, str | None]) -> bool:
        keyring = self.find_keyring()
        if keyring is None:
            return False
        text = json.dumps(secrets)
        done, _ = _within_time(lambda: keyring.set_password(_SERVICE, name, text))
        return done


def system_keyring() -> Keyring | None:
    """Return the system's keyring, or None where it would not keep secrets.

    A backend of low priority is the null, failing or plain text one; one that the user forced on
    us counts the same, because our own file is safer than an unencrypted one of unknown mode.
    """
    done, found = _within_time(_find_keyring)
    return found if done else None


def _find_keyring() -> Keyring | None:
    import keyring  # slow: it looks for every backend there is

    backend = keyring.get_keyring()
    return backend if backend.priority >= 1 else None


def _within_time(work: Callable[[], Any]) -> tuple[bool, Any]:
    """Run a call that may hang, on a thread that does not keep the process alive."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception:  # a keyring backend may raise anything; then it is not usable
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_KEYRING_SECONDS)
    return (True, outcome[0]) if outcome else (False, None)
