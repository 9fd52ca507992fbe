"""POST /token?grant_type=password: a session for whoever knows the password."""

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.queries import queries
from backend_functions.gateway.auth.addresses import refuse_phone
from backend_functions.gateway.auth.bodies import read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.models import Credentials
from backend_functions.gateway.auth.parts import Parts, account_name, address_of, answer
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import enter, fetch_row, require_not_banned

_SQL = queries("auth")


async def sign_in(parts: Parts, request: Request) -> Response:
    """Answer with a new session; unknown address and wrong password look and last the same."""
    given = await read_body(request, Credentials)
    if given.phone:
        raise refuse_phone(given.phone, what="logins")
    if not parts.settings.takes_email:
        raise AuthRefused(400, "email_provider_disabled", "Email logins are disabled")
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
        if user["email_confirmed_at"] is None:
            raise AuthRefused(400, "email_not_confirmed", "Email not confirmed")
        return answer(await enter(parts, connection, user, request, method="password"))
