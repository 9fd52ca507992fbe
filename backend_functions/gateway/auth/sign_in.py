"""POST /token?grant_type=password: a session for whoever knows the password."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.queries import queries
from backend_functions.gateway.auth.bodies import Credentials, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.parts import Parts, account_name, address_of, answer
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import fetch_row, open_session, show_session

_SQL = queries("auth")


async def sign_in(parts: Parts, request: Request) -> Response:
    """Answer with a new session; unknown address and wrong password look and last the same."""
    given = await read_body(request, Credentials)
    if given.phone:
        raise AuthRefused(400, "phone_provider_disabled", "Phone logins are disabled")
    if not given.email:
        raise invalid("missing email or phone")
    # Once, for the counter and the database alike: they would fold some letters differently.
    email = given.email.lower()
    account, address = account_name(email), address_of(request)
    parts.guards.count_guess(account, address)
    user = await _find_user(parts, email)
    password_hash = user["encrypted_password"] if user else None
    if not await parts.passwords.is_right(given.password or "", password_hash) or user is None:
        raise wrong_credentials()
    parts.guards.forgive_guess(account, address)
    return await _open(parts, request, user)


def wrong_credentials() -> AuthRefused:
    """Make the one refusal of every sign-in that fails."""
    return AuthRefused(400, "invalid_credentials", "Invalid login credentials")


def require_not_banned(user: Row, message: str, *, status: int = 400) -> None:
    """Let a user pass who is not banned now.

    Raises:
        AuthRefused: The user is banned.
    """
    if user["banned_until"] is not None and user["banned_until"] > datetime.now(UTC):
        raise AuthRefused(status, "user_banned", message)


async def _find_user(parts: Parts, email: str) -> Row | None:
    if "\0" in email:
        return None
    async with parts.transaction() as connection:
        return await fetch_row(connection, _SQL.find_user_by_email, email=email)


async def _open(parts: Parts, request: Request, found: Row) -> Response:
    async with parts.transaction() as connection:
        # Locked and looked at again: the password may have changed while it was being checked.
        user = await fetch_row(connection, _SQL.lock_user, user_id=found["id"])
        if user is None or user["encrypted_password"] != found["encrypted_password"]:
            raise wrong_credentials()
        require_not_banned(user, "User is banned")
        user = await fetch_row(connection, _SQL.mark_signed_in, user_id=found["id"])
        assert user is not None
        session, token = await open_session(connection, user["id"], request)
        return answer(await show_session(connection, parts.signer, user, session, token))
