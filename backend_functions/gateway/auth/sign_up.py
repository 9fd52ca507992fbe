"""POST /signup: a new user, signed in at once."""

import re
from typing import Any

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.bodies import Credentials, dump_metadata, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.parts import AUTH_ADMIN, Parts, address_of, answer
from backend_functions.gateway.auth.passwords import check_strength
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import fetch_row, open_session, show_session

_SQL = queries("auth")
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f<>()\[\],;:\\\"]+@[^\s@\x00-\x1f\x7f<>()\[\],;:\\\"]+")
_MAX_EMAIL_CHARACTERS = 255


async def sign_up(parts: Parts, request: Request) -> Response:
    """Create a user and answer with their first session."""
    parts.guards.sign_ups.count(address_of(request))
    wanted = await read_body(request, Credentials)
    email, password = _check(wanted)
    metadata = dump_metadata(wanted.data or {})
    password_hash = await parts.passwords.make_hash(password)
    new = {"email": email, "password_hash": password_hash, "user_metadata": metadata}
    try:
        async with parts.transaction() as connection:
            user = await _create_user(parts, connection, new)
            session, token = await open_session(connection, user["id"], request)
            shown = await show_session(connection, parts.signer, user, session, token)
    except UniqueViolation as error:
        if error.diag.constraint_name != "users_email_is_unique":
            raise
        raise AuthRefused(422, "user_already_exists", "User already registered") from error
    return answer(shown)


def _check(wanted: Credentials) -> tuple[str, str]:
    if wanted.phone:
        raise AuthRefused(400, "phone_provider_disabled", "Phone signups are disabled")
    if not wanted.email and not wanted.password:
        raise AuthRefused(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    if not wanted.password:
        raise invalid("Signup requires a valid password")
    email = (wanted.email or "").lower()
    if len(email) > _MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(email):
        raise invalid("Unable to validate email address: invalid format")
    check_strength(wanted.password)
    return email, wanted.password


async def _create_user(parts: Parts, connection: Connection, new: dict[str, Any]) -> Row:
    user = await fetch_row(connection, _SQL.insert_user, **new)
    assert user is not None
    await connection.execute(_SQL.insert_identity, {"user_id": user["id"], "email": user["email"]})
    if parts.on_user_created is not None:
        await parts.on_user_created(connection, user["id"])
        # Whatever role that took, the rest is the auth service's own again.
        await connection.execute("select set_config('role', %s, true)", (AUTH_ADMIN.role,))
    return user
