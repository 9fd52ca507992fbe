"""Who is signed in where while the docs are run, put back after what an example did to it."""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.docs.belongings import PASSWORD
from tests.docs.machine import Machine
from tests.support.backend import sign_up

PERSON = "me@example.com"
"""Who is signed in at the context `work`; at `embedded` it is the local account."""
OTHERS = ("me@example.org", "you@example.com", "ada@example.com")

_ENDS_SESSIONS = re.compile(r"logout|retire|backend reset|admin restore")
_CHANGES_SESSIONS = re.compile(r"login|signup|password|context remove")
_AT_WORK = re.compile(r"pocketllm (password|admin (database|secret-key))")
"""What only an account that was signed up may do, or nobody on the embedded backend."""
_MEANS_WORK = re.compile(rf"(context|to|use|show) (work|staging)|{_AT_WORK.pattern}")
_MAILED_LONG_AGO = """
    update auth.users
    set recovery_sent_at = null, confirmation_sent_at = null, reauthentication_sent_at = null
"""


@dataclass
class People:
    """The accounts and sessions of one machine."""

    machine: Machine
    local_id: str = ""
    """The id of the local account; empty until there is one."""
    there: set[str] = field(default_factory=set)
    """Who else has an account, with the password that everybody has."""
    is_at_work: bool = False
    """Whether there is a session for the context `work`."""

    def get_ready(self, text: str, before: str, backend: dict[str, Any]) -> None:
        """Let everybody have an account and a session, but whom an example signs up or in.

        Args:
            text: What is run next.
            before: What was run last.
            backend: What `backend.json` says.
        """
        self._put_contexts(text, backend)
        self.machine.sql(_MAILED_LONG_AGO)
        if not self.local_id or _ENDS_SESSIONS.search(before):
            self._begin_anew()
        elif _CHANGES_SESSIONS.search(before):
            self._put_sessions_back()
        if "pocketllm password" in before:
            self.there.discard(PERSON)
        if "admin users" in before:
            self.there.difference_update(OTHERS)
        for email in (
            PERSON,
            *(other for other in OTHERS if other in text or "users delete 3f2a" in text),
        ):
            self._put_account(email, text, backend)
        if _MEANS_WORK.search(text) and not self.is_at_work and "login" not in text:
            told = ("login", "--email", PERSON, "--password-stdin")
            self.machine.run("--context", "work", *told, stdin=PASSWORD + "\n")
            self.is_at_work = True

    def _put_contexts(self, text: str, backend: dict[str, Any]) -> None:
        """Let `work` be this backend, with another account; or let it not be there yet."""
        current = "work" if _AT_WORK.search(text) else "embedded"
        url, key = backend["url"], backend["publishable_key"]
        work = f'current = "{current}"\n[contexts.work]\nurl = "{url}"\nanon_key = "{key}"\n'
        config = self.machine.home.folder / "pocketllm" / "config" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text("" if "context add work" in text else work)

    def _put_account(self, email: str, text: str, backend: dict[str, Any]) -> None:
        is_new = re.search(rf"(signup --email|users create) {email}", text) is not None
        if email in self.there and not is_new:
            return
        self.machine.sql("delete from auth.users where email = %s", email)
        self.there.discard(email)
        self.is_at_work &= email != PERSON
        if not is_new:
            sign_up(backend["url"], backend["publishable_key"], email)
            self.there.add(email)

    def _begin_anew(self) -> None:
        shutil.rmtree(self._state, ignore_errors=True)
        self._keyring.unlink(missing_ok=True)
        self.machine.sql("delete from auth.users")
        self.machine.run_locally("chats", "list")  # which makes the local account
        self.local_id = self.machine.run_locally("whoami")["id"]
        self.there, self.is_at_work = set(), False
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._state, self._kept)
        shutil.copy(self._keyring, self._kept)

    def _put_sessions_back(self) -> None:
        shutil.rmtree(self._state)
        shutil.copytree(self._kept, self._state)
        shutil.copy(self._kept / self._keyring.name, self._keyring)
        self.is_at_work = False

    @property
    def _state(self) -> Path:
        return self.machine.home.folder / "pocketllm" / "state"

    @property
    def _keyring(self) -> Path:
        return self.machine.home.folder / "keyring.json"

    @property
    def _kept(self) -> Path:
        return self.machine.home.folder / "kept"
