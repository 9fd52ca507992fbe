"""Keeps an access token at hand: from the store, refreshed in time, one process at a time.

Refresh tokens rotate, so two processes must never refresh with the same one. Whoever needs new
tokens takes the lock of that name, reads the store again, and refreshes only if nobody else has.
"""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pocketllm_cli.api.auth import Auth
from pocketllm_cli.api.locks import held_lock
from pocketllm_cli.credentials import CredentialStore
from pocketllm_cli.errors import (
    Conflict,
    LocalAccountLost,
    LocalFileProblem,
    NotSignedIn,
    SessionExpired,
    WrongPassword,
)
from pocketllm_cli.models import Context, Session

LOCAL_EMAIL: Final = "local@pocketllm.local"
_LOCAL_ACCOUNT_SUFFIX: Final = "@local"  # no context can be called so
_EARLY_SECONDS: Final = 30.0
_WELCOME: Final = (
    "This machine has a local account now, and a small local model answers.\n"
    "It is tiny. For real work add a provider: pocketllm models add --help"
)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The session of one context.

    Args:
        locks: The folder of the lock files.
        fixed_token: A token to use as it is (POCKETLLM_ACCESS_TOKEN), never refreshed.
        narrate: Tells the person what is being done for the first time.
    """

    context: Context
    auth: Auth
    store: CredentialStore
    locks: Path
    fixed_token: str | None
    narrate: Callable[[str], None]

    async def access_token(self) -> str:
        """Return a token that is good for a while.

        Raises:
            NotSignedIn: There is no session, or it has ended.
        """
        if self.fixed_token:
            return self.fixed_token
        session = self.current()
        if session and _is_fresh(session):
            return session.access_token
        return (await self._obtain(refused=None)).access_token

    def token_at_hand(self) -> str | None:
        """Return a token that is good for a while, if there is one without asking anybody."""
        session = self.current()
        at_hand = session.access_token if session and _is_fresh(session) else None
        return self.fixed_token or at_hand

    def check_secrets(self) -> None:
        """Read the session with its secrets, which may lie in a keyring.

        Raises:
            KeyringProblem: The keyring does not answer.
            LocalFileProblem: The file is not safe to use.
        """
        self._stored(with_secrets=True)

    async def renewed_token(self, refused: str) -> str:
        """Return another token than the one that the server has just refused."""
        if self.fixed_token:
            raise NotSignedIn(
                "The token in POCKETLLM_ACCESS_TOKEN was not accepted.",
                hint="Set a fresh one, or unset it and run `pocketllm login`.",
            )
        return (await self._obtain(refused)).access_token

    def current(self) -> Session | None:
        """Return the stored session of this context without its secrets, fresh or not."""
        name, session = self._stored(with_secrets=False)
        return session if session and (session.access_token or name == self.context.name) else None

    async def keep(self, session: Session) -> None:
        """Store the session of somebody who has just signed in."""
        async with self._lock():
            self.store.save(self.context.name, session)

    async def forget(self) -> Session | None:
        """Drop the session from this machine and return what it was."""
        async with self._lock():
            name, session = self._stored(with_secrets=False)
            if session:
                self.store.forget_tokens(name)
        return session

    async def local_account(self) -> Session:
        """Return the local account with its password, made and signed in if need be."""
        async with self._lock():
            return await self._local_session(refused=None)

    def remove_all(self) -> None:
        """Drop everything this context has stored, the local account included."""
        self.store.remove(self.context.name)
        self.store.remove(self.context.name + _LOCAL_ACCOUNT_SUFFIX)

    async def _obtain(self, refused: str | None) -> Session:
        async with self._lock():
            name, session = self._stored(with_secrets=True)
            if session and _is_fresh(session) and session.access_token != refused:
                return session  # another process was faster
            is_local = self.context.is_embedded and name != self.context.name
            if session and session.refresh_token:
                try:
                    return self._saved(
                        name, session, await self.auth.refresh(session.refresh_token)
                    )
                except SessionExpired:
                    self.store.forget_tokens(name)
                    if not is_local:
                        raise
            if is_local:
                return await self._local_session(refused)
            raise NotSignedIn

    async def _local_session(self, refused: str | None) -> Session:
        """Sign in to the local account, making it first where there is none."""
        name = local_account_name(self.context)
        known = self.store.load(name, with_secrets=True)
        if known and _is_fresh(known) and known.access_token != refused:
            return known
        if known and known.password:
            try:
                return self._saved(
                    name, known, await self.auth.sign_in(LOCAL_EMAIL, known.password)
                )
            except WrongPassword:
                pass  # the backend was made anew since then
        return await self._new_local_account(name)

    async def _new_local_account(self, name: str) -> Session:
        import secrets  # once in the life of a backend

        password = secrets.token_urlsafe(24)
        try:
            session = await self.auth.sign_up(LOCAL_EMAIL, password)
        except Conflict as error:
            raise LocalAccountLost from error
        if session is None:
            raise LocalAccountLost
        session = replace(session, password=password)
        self.store.save(name, session)
        self.narrate(_WELCOME)
        return session

    def _saved(self, name: str, old: Session, new: Session) -> Session:
        session = replace(new, password=old.password)
        try:
            self.store.save(name, session)
        except LocalFileProblem as error:  # a read-only home still gets its answer
            self.narrate(f"The renewed session could not be kept: {error.message}")
        return session

    def _stored(self, *, with_secrets: bool) -> tuple[str, Session | None]:
        """Return the session that counts and the name it is stored under."""
        name = self.context.name
        session = self.store.load(name, with_secrets=with_secrets)
        if session and session.url == session_mark(self.context):
            return name, session
        if not self.context.is_embedded:
            return name, None
        name += _LOCAL_ACCOUNT_SUFFIX
        return name, self.store.load(name, with_secrets=with_secrets)

    def _lock(self) -> AbstractAsyncContextManager[None]:
        return held_lock(self.locks / f"{self.context.name}.lock", "sign in")


def local_account_name(context: Context) -> str:
    """Return under which name the local account's session is stored."""
    return context.name + _LOCAL_ACCOUNT_SUFFIX


def session_mark(context: Context) -> str:
    """Return what this context's sessions are marked with; the embedded address may change."""
    return context.url or context.name


def _is_fresh(session: Session) -> bool:
    return bool(session.access_token) and session.expires_at - time.time() > _EARLY_SECONDS
