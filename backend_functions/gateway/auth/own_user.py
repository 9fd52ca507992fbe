"""GET and PUT /user, POST /logout: what signed-in people do with their own account."""

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.access import read_bearer
from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.auth.bodies import UserChanges, dump_metadata, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.parts import Parts, answer
from backend_functions.gateway.auth.passwords import check_strength
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import fetch_row, show_user
from backend_functions.gateway.auth.sign_in import require_not_banned
from backend_functions.types import Caller

_SQL = queries("auth")
_SCOPES = ("global", "local", "others")


async def get_user(parts: Parts, request: Request) -> Response:
    """Answer with the caller's user."""
    caller = await _identify(parts, request)
    async with parts.transaction() as connection:
        return answer(await show_user(connection, await _find(connection, caller)))


async def sign_out(parts: Parts, request: Request) -> Response:
    """End the caller's sessions: all, this one, or all others."""
    scope = request.query_params.get("scope") or "global"
    if scope not in _SCOPES:
        raise invalid("Unsupported logout scope")
    caller = await _identify(parts, request)
    async with parts.transaction() as connection:
        await _find(connection, caller)
        await _end_sessions(connection, caller, scope)
    parts.verifier.forget()
    return Response(status_code=204)


async def update_user(parts: Parts, request: Request) -> Response:
    """Change the caller's password or metadata; a new password ends all other sessions."""
    caller = await _identify(parts, request)
    changes = await read_body(request, UserChanges)
    async with parts.transaction() as connection:
        user = await _find(connection, caller)
    _check(changes, user)
    new_hash = await _new_password_hash(parts, changes, user)
    async with parts.transaction() as connection:
        user = await _lock_unchanged(connection, caller, user)
        if new_hash is not None:
            values = {"user_id": user["id"], "password_hash": new_hash}
            await connection.execute(_SQL.set_password, values)
            await _end_sessions(connection, caller, "others")
        if changes.data is not None:
            merged = {**user["raw_user_meta_data"], **changes.data}
            kept = {name: value for name, value in merged.items() if value is not None}
            metadata = {"user_id": user["id"], "user_metadata": dump_metadata(kept)}
            await connection.execute(_SQL.set_user_metadata, metadata)
        shown = await show_user(connection, await _find(connection, caller))
    if new_hash is not None:
        parts.verifier.forget()
    return answer(shown)


async def _identify(parts: Parts, request: Request) -> Caller:
    try:
        token = read_bearer(request.headers)
    except NotAuthenticated:
        token = None
    if token is None or token.startswith("sb_"):
        raise AuthRefused(401, "no_authorization", "This endpoint requires a valid Bearer token")
    try:
        return await parts.verifier.read(token)
    except NotAuthenticated as error:
        raise AuthRefused(
            403, "bad_jwt", "invalid JWT: unable to parse or verify signature"
        ) from error


async def _find(connection: Connection, caller: Caller) -> Row:
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
    return user


def _check(changes: UserChanges, user: Row) -> None:
    if changes.app_metadata is not None:
        raise AuthRefused(403, "not_admin", "Updating app_metadata requires admin privileges")
    if changes.email and changes.email.lower() != user["email"]:
        raise AuthRefused(422, "email_provider_disabled", "This backend sends no e-mail")
    if changes.phone:
        raise AuthRefused(422, "phone_provider_disabled", "This backend sends no messages")
    if changes.password is not None:
        check_strength(changes.password)


async def _new_password_hash(parts: Parts, changes: UserChanges, user: Row) -> str | None:
    if changes.password is None:
        return None
    old_hash = user["encrypted_password"]
    # Both answers below tell whether a guess was right.
    parts.guards.changes.count(str(user["id"]))
    if changes.current_password is not None and not await parts.passwords.is_right(
        changes.current_password, old_hash
    ):
        raise AuthRefused(400, "invalid_credentials", "Current password is not right")
    if await parts.passwords.is_right(changes.password, old_hash):
        message = "New password should be different from the old password."
        raise AuthRefused(422, "same_password", message)
    parts.guards.changes.forgive(str(user["id"]))
    return await parts.passwords.make_hash(changes.password)


async def _lock_unchanged(connection: Connection, caller: Caller, seen: Row) -> Row:
    user = await fetch_row(connection, _SQL.lock_user, user_id=caller.user_id)
    if user is None or user["encrypted_password"] != seen["encrypted_password"]:
        raise AuthRefused(409, "conflict", "The user was changed at the same time")
    return user


async def _end_sessions(connection: Connection, caller: Caller, scope: str) -> None:
    values = {"user_id": caller.user_id, "session_id": caller.session_id, "scope": scope}
    await connection.execute(_SQL.end_sessions, values)
