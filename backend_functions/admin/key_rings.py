"""Where the master keys of a backend are kept, and how its servers learn of new ones."""

import fcntl
import json
import os
import signal
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from backend_functions.admin.problem import AdminProblem
from backend_functions.embedded.machine_keys import MachineKeys, load, store
from backend_functions.embedded.platform import database_url
from backend_functions.settings import MasterKey, parse_master_keys, read_key_settings

_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.05


class KeyRing(Protocol):
    """The master keys of one backend; the first seals."""

    @property
    def can_change(self) -> bool:
        """Whether keys can be added and taken away from here."""

    @property
    def database_url(self) -> str:
        """Where the sealed keys are."""

    def read(self) -> tuple[MasterKey, ...]:
        """Return the keys as they are kept."""

    def change(self, keys: tuple[MasterKey, ...]) -> None:
        """Keep these instead; returns when every server uses them."""

    def announce(self) -> None:
        """Return when every server uses the keys that are kept."""


@dataclass(frozen=True, slots=True)
class HostedRing:
    """Keys in the environment of every replica: only whoever deploys these can change them."""

    database_url: str
    keys: tuple[MasterKey, ...]
    can_change: bool = False

    @classmethod
    def from_environment(cls) -> "HostedRing":
        """Read where the database is, and the keys.

        Raises:
            InvalidSettings: They are not there.
        """
        return cls(*read_key_settings())

    def read(self) -> tuple[MasterKey, ...]:
        """Return the keys in the environment."""
        return self.keys

    def change(self, keys: tuple[MasterKey, ...]) -> None:
        """Cannot be done from here."""
        raise AdminProblem("Change POCKETLLM_MASTER_KEYS where the replicas are deployed.")

    def announce(self) -> None:
        """Nothing to do: the documented order deploys a key before it seals."""


class EmbeddedRing:
    """Keys in a backend's folder, and the one server that uses them."""

    can_change = True

    def __init__(self, folder: Path) -> None:
        """Take a running backend's folder.

        Raises:
            AdminProblem: It does not run, or is too old to be told of new keys.
            BrokenKeys: Its keys cannot be read.
        """
        self._folder = folder
        self._keys_file = folder / "keys.json"
        status = self._status()
        if status.get("state") != "ready":
            raise AdminProblem("The embedded backend is not running: pocketllm backend start")
        if not status.get("sealing_key"):
            raise AdminProblem(
                "The embedded backend runs an older version:"
                " pocketllm backend stop && pocketllm backend start"
            )
        port = json.loads((folder / "ports.json").read_text(encoding="utf-8"))["postgres"]
        password = load(self._keys_file).login_password
        self.database_url = database_url("authenticator", password, port)

    def read(self) -> tuple[MasterKey, ...]:
        """Return the keys in the file."""
        return parse_master_keys(load(self._keys_file).master_keys)

    def change(self, keys: tuple[MasterKey, ...]) -> None:
        """Write the file and tell the server."""
        kept = load(self._keys_file)
        store(self._keys_file, replace(kept, master_keys=render_master_keys(keys)))
        self.announce()

    def machine_keys(self) -> MachineKeys:
        """Return all that the file holds."""
        return load(self._keys_file)

    def change_token_keys(self, keys: MachineKeys, signing_key: str) -> None:
        """Write the file and tell the server; returns when the key of this id signs.

        Raises:
            AdminProblem: The server does not say so in time.
        """
        store(self._keys_file, keys)
        self._have_read_again("signing_key", signing_key)

    def announce(self) -> None:
        """Have the server read the file again, and wait until it says that it did.

        Raises:
            AdminProblem: It does not say so in time.
        """
        self._have_read_again("sealing_key", self.read()[0].id)

    def _have_read_again(self, name: str, wanted: str) -> None:
        before = self._told_at()
        status = self._status()
        if status.get("state") != "ready":  # the signal would end one that is only starting
            raise AdminProblem("The embedded backend has stopped. Start it and try again.")
        os.kill(int(status["pid"]), signal.SIGHUP)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self._told_at() != before and self._status().get(name) == wanted:
                return
            time.sleep(_LOOK_SECONDS)
        raise AdminProblem("The embedded backend does not take up the keys. Look at its log.")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from changing the keys meanwhile.

        Raises:
            AdminProblem: Somebody else is at it.
        """
        descriptor = os.open(
            self._folder / "keys.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AdminProblem(
                    "A backup or a change of keys is under way. Try again when it is done."
                ) from None
            yield
        finally:
            os.close(descriptor)

    def _told_at(self) -> int:
        return (self._folder / "backend.json").stat().st_mtime_ns

    def _status(self) -> dict[str, Any]:
        """Return what the backend tells of itself; {} when it does not live."""
        if not self._is_alive():
            return {}
        try:
            status = json.loads((self._folder / "backend.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return status if isinstance(status, dict) else {}

    def _is_alive(self) -> bool:
        try:
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def render_master_keys(keys: Iterable[MasterKey]) -> str:
    """Return keys as `POCKETLLM_MASTER_KEYS` has them."""
    return ",".join(f"{key.id}:{b64encode(key.secret).decode()}" for key in keys)
