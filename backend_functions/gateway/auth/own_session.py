"""Who the signed-in caller of an endpoint is: the token, the user behind it, and the session."""

from starlette.requests import Request

from backend_functions.access import read_bearer
from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.auth.failures import AuthRefused
from backend_functions.gateway.auth.parts import Parts
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import fetch_row, require_not_banned
from backend_functions.types import Caller

_SQL = queries("auth")


async def identify(parts: Parts, request: Request) -> Caller:
    """Return the user a request's token speaks of.

    Raises:
        AuthRefused: There is no token, or not a user's.
    """
    try:
        token = read_bearer(request.headers)
    except NotAuthenticated:
        token = None
    if token is None or token.startswith("sb_"):
        raise no_token()
    try:
        return await parts.verifier.read(token)
    except NotAuthenticated as error:
        raise bad_token() from error


def no_token() -> AuthRefused:
    """Make the refusal of a request that does not say who sends it."""
    return AuthRefused(401, "no_authorization", "This endpoint requires a valid Bearer token")


def bad_token() -> AuthRefused:
    """Make the refusal of a token that does not verify."""
    return AuthRefused(403, "bad_jwt", "invalid JWT: unable to parse or verify signature")


async def find_own(connection: Connection, caller: Caller) -> tuple[Row, Row]:
    """Return the caller's user and session.

    Raises:
        AuthRefused: One of them has ended, or the user is banned.
    """
    user = await fetch_row(connection, _SQL.find_user, user_id=caller.user_id)
    if user is None:
        raise AuthRefused(403, "user_not_found", "User from sub claim in JWT does not exist")
    session = await fetch_row(
        connection, _SQL.find_session, session_id=caller.session_id, user_id=caller.user_id
    )
    if session is None:
        raise AuthRefused(
            403, "session_not_found", "Session from session_id claim in JWT does not exist"
        )
    require_not_banned(user, "User is banned", status=403)
    return user, session


async def end_sessions(connection: Connection, caller: Caller, scope: str) -> None:
    """End the caller's sessions: `local` this one, `others` all others, `global` all."""
    values = {"user_id": caller.user_id, "session_id": caller.session_id, "scope": scope}
    await connection.execute(_SQL.end_sessions, values)
