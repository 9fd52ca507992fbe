"""What the endpoints of the auth service work with."""

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
from backend_functions.gateway.auth.attempts import Attempts
from backend_functions.gateway.auth.passwords import Passwords
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.types import Caller

AUTH_ADMIN = Caller("supabase_auth_admin", {"role": "supabase_auth_admin"})

UserCreated = Callable[[Connection, UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts are taken within a window, in seconds."""

    guesses_here: tuple[int, float] = (10, 60.0)
    """Wrong passwords for one account from one address: a guesser shuts out only themselves."""
    guesses_per_account: tuple[int, float] = (50, 60.0)
    """From everywhere; short, so that whoever owns the account soon gets in again."""
    guesses_per_address: tuple[int, float] = (100, 300.0)
    sign_ups_per_address: tuple[int, float] = (100, 300.0)


class Guards:
    """The counters behind the limits, of this process only."""

    def __init__(self, limits: Limits) -> None:
        def counter(limit: tuple[int, float]) -> Attempts:
            return Attempts(at_most=limit[0], window_seconds=limit[1])

        self._here = counter(limits.guesses_here)
        self._accounts = counter(limits.guesses_per_account)
        self._addresses = counter(limits.guesses_per_address)
        self.sign_ups = counter(limits.sign_ups_per_address)
        self.changes = counter(limits.guesses_here)

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


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything an endpoint needs, made once."""

    database: Database
    signer: TokenSigner
    verifier: TokenVerifier
    keys: ApiKeys
    passwords: Passwords
    guards: Guards
    on_user_created: UserCreated | None = field(default=None)

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


def answer(content: dict[str, Any], *, cache: str = "no-store") -> Response:
    """Return a JSON answer, which by default no cache may keep."""
    return JSONResponse(content, headers={"Cache-Control": cache})
