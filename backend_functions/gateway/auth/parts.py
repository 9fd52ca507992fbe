"""What the endpoints of the auth service work with."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend_functions.access import ApiKeys, TokenVerifier
from backend_functions.db.pool import Connection, Database
from backend_functions.gateway.auth.attempts import (
    Attempts,
    mailed_just_now,
    too_many_mails,
    too_many_requests,
)
from backend_functions.gateway.auth.failures import AuthRefused
from backend_functions.gateway.auth.mails import SendMail
from backend_functions.gateway.auth.passwords import Passwords
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.settings import AuthSettings
from backend_functions.types import Caller

AUTH_ADMIN = Caller("supabase_auth_admin", {"role": "supabase_auth_admin"})

UserCreated = Callable[[Connection, UUID], Awaitable[None]]
UserDeleted = Callable[[UUID, str | None], Awaitable[object]]
"""Is given the id of who is gone, and the address that they had."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts are taken within a window, in seconds."""

    guesses_here: tuple[int, float] = (10, 60.0)
    """Wrong passwords for one account from one address: a guesser shuts out only themselves."""
    guesses_per_account: tuple[int, float] = (50, 60.0)
    """From everywhere; short, so that whoever owns the account soon gets in again."""
    guesses_per_address: tuple[int, float] = (100, 300.0)
    sign_ups_per_address: tuple[int, float] = (100, 300.0)
    codes_here: tuple[int, float] = (10, 300.0)
    """Wrong codes for one account from one address."""
    codes_per_account: tuple[int, float] = (30, 300.0)
    """A code has six digits and is good for an hour: all guesses together find one in 2,700."""
    mails_per_account: tuple[int, float] = (1, 60.0)
    """Of one kind to one address, whether there is such an account or not."""
    mails_per_address: tuple[int, float] = (60, 3600.0)
    """That one caller may ask for."""
    mail_answer_seconds: float = 0.05
    """The shortest time in which a request for a mail is answered, sent or not."""


class Guards:
    """The counters behind the limits, of this process only."""

    def __init__(self, limits: Limits) -> None:
        def counter(
            limit: tuple[int, float], refusal: Callable[[int], AuthRefused] = too_many_requests
        ) -> Attempts:
            return Attempts(at_most=limit[0], window_seconds=limit[1], refusal=refusal)

        self._here = counter(limits.guesses_here)
        self._accounts = counter(limits.guesses_per_account)
        self._addresses = counter(limits.guesses_per_address)
        self.sign_ups = counter(limits.sign_ups_per_address)
        self.changes = counter(limits.guesses_here)
        self.codes_here = counter(limits.codes_here)
        self.codes = counter(limits.codes_per_account)
        self._mails = counter(limits.mails_per_account, mailed_just_now)
        self._mails_asked = counter(limits.mails_per_address, too_many_mails)
        self._mail_answer_seconds = limits.mail_answer_seconds

    def count_guess(self, account: str, address: str) -> None:
        """Count a password before it is looked at.

        Raises:
            AuthRefused: Too many for this account, from this address, or both.
        """
        self._addresses.count(address)
        self._here.count(f"{account} {address}")
        self._accounts.count(account)

    def forgive_guess(self, account: str, address: str) -> None:
        """Take back what was counted: the password was right."""
        self._addresses.give_back(address)
        self._here.forgive(f"{account} {address}")
        self._accounts.give_back(account)

    def count_code(self, account: str, address: str) -> None:
        """Count a code before it is looked at.

        Raises:
            AuthRefused: Too many for this account.
        """
        self.codes_here.count(f"{account} {address}")
        self.codes.count(account)

    def forgive_code(self, account: str, address: str) -> None:
        """Take back what was counted: the code was right."""
        self.codes_here.forgive(f"{account} {address}")
        self.codes.give_back(account)

    def count_mail(self, kind: str, account: str, address: str) -> None:
        """Count a mail before it is known whether there is anybody to send it to.

        Raises:
            AuthRefused: One was asked for just now, or too many from this address.
        """
        self._mails.count(f"{kind} {account}")
        self._mails_asked.count(address)

    @asynccontextmanager
    async def evened_out(self) -> AsyncIterator[None]:
        """Take the same time for accounts there are and there are not, as far as that is short."""
        until = asyncio.get_running_loop().time() + self._mail_answer_seconds
        try:
            yield
        finally:
            await asyncio.sleep(until - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything an endpoint needs, made once."""

    database: Database
    signer: TokenSigner
    verifier: TokenVerifier
    keys: ApiKeys
    passwords: Passwords
    guards: Guards
    settings: AuthSettings
    send_mail: SendMail
    on_user_created: UserCreated | None = field(default=None)
    on_user_deleted: UserDeleted | None = field(default=None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a transaction with the rights of the auth service."""
        async with self.database.act_as(AUTH_ADMIN) as connection:
            yield connection


def account_name(email: str) -> str:
    """Return the name, short for any address, under which attempts on an account are counted."""
    return sha256(email.encode()).hexdigest()


def address_of(request: Request) -> str:
    """Return where a request comes from; headers that say so are not believed."""
    return request.client.host if request.client else ""


def answer(content: Any, *, cache: str = "no-store") -> Response:
    """Return a JSON answer, which by default no cache may keep."""
    return JSONResponse(content, headers={"Cache-Control": cache})
