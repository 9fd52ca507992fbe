"""GET and PUT /user, GET /reauthenticate, POST /logout: what people do with their own account."""

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.addresses import read_email, refuse_phone
from backend_functions.gateway.auth.bodies import dump_metadata, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.flows import Challenge, open_flow, read_challenge
from backend_functions.gateway.auth.models import UserChanges
from backend_functions.gateway.auth.one_time import use_nonce
from backend_functions.gateway.auth.own_session import end_sessions, find_own, identify
from backend_functions.gateway.auth.parts import Parts, account_name, address_of, answer
from backend_functions.gateway.auth.passwords import check_strength
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.redirects import choose_redirect
from backend_functions.gateway.auth.sending import send, send_email_change
from backend_functions.gateway.auth.sessions import fetch_row, show_user
from backend_functions.gateway.auth.users import exists_already
from backend_functions.types import Caller

_SQL = queries("auth")
_SCOPES = ("global", "local", "others")
_FRESH = timedelta(hours=24)
"""So long after signing in nobody has to show again who they are."""


async def get_user(parts: Parts, request: Request) -> Response:
    """Answer with the caller's user."""
    caller = await identify(parts, request)
    async with parts.transaction() as connection:
        user, _ = await find_own(connection, caller)
        return answer(await show_user(connection, user))


async def sign_out(parts: Parts, request: Request) -> Response:
    """End the caller's sessions: all, this one, or all others."""
    scope = request.query_params.get("scope") or "global"
    if scope not in _SCOPES:
        raise invalid("Unsupported logout scope")
    caller = await identify(parts, request)
    async with parts.transaction() as connection:
        await find_own(connection, caller)
        await end_sessions(connection, caller, scope)
    parts.verifier.forget()
    return Response(status_code=204)


async def reauthenticate(parts: Parts, request: Request) -> Response:
    """Send the caller a code with which they can show that it is still them."""
    caller = await identify(parts, request)
    async with parts.transaction() as connection:
        user, _ = await find_own(connection, caller)
        if not user["email"]:
            raise invalid("Reauthentication requires the user to have an email or a phone number")
        account = account_name(user["email"])
        parts.guards.count_mail("reauthentication", account, address_of(request))
        site = parts.settings.site_url
        await send(parts, connection, user, "reauthentication", redirect_to=site)
    return answer({})


async def update_user(parts: Parts, request: Request) -> Response:
    """Change the caller's password, metadata or address; a new password ends other sessions.

    An address changes when the mail to it has been answered.
    """
    caller = await identify(parts, request)
    changes = await read_body(request, UserChanges)
    challenge = read_challenge(changes)
    async with parts.transaction() as connection:
        user, session = await find_own(connection, caller)
    email = _check(parts, changes, user)
    new_hash = await _new_password_hash(parts, changes, user)
    async with parts.transaction() as connection:
        user = await _lock_unchanged(connection, caller, user)
        if new_hash is not None:
            await _show_again(parts, connection, changes, user, session)
            values = {"user_id": user["id"], "password_hash": new_hash}
            await connection.execute(_SQL.set_password, values)
            await end_sessions(connection, caller, "others")
        if changes.data is not None:
            metadata = merge(user["raw_user_meta_data"], changes.data)
            values = {"user_id": user["id"], "user_metadata": metadata}
            await connection.execute(_SQL.set_user_metadata, values)
        if email is not None:
            await _ask_for_email(parts, connection, request, user, email, challenge)
        shown = await show_user(connection, (await find_own(connection, caller))[0])
    if new_hash is not None:
        parts.verifier.forget()
    return answer(shown)


def merge(old: dict[str, object], new: dict[str, object]) -> str:
    """Return metadata with changes, as stored; what is changed to null goes."""
    merged = {**old, **new}
    return dump_metadata({name: value for name, value in merged.items() if value is not None})


def _check(parts: Parts, changes: UserChanges, user: Row) -> str | None:
    """Return the address that is asked for, if it is another one."""
    if changes.app_metadata is not None:
        raise AuthRefused(403, "not_admin", "Updating app_metadata requires admin privileges")
    if changes.phone:
        raise refuse_phone(changes.phone, what="changes")
    if changes.password is not None:
        check_strength(changes.password, min_characters=parts.settings.min_password_characters)
    if not changes.email:
        return None
    email = read_email(changes.email)
    return None if email == user["email"] else email


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
    if changes.nonce is None:  # one is looked at later, and each is a guess
        parts.guards.changes.give_back(str(user["id"]))
    return await parts.passwords.make_hash(changes.password)


async def _show_again(
    parts: Parts, connection: Connection, changes: UserChanges, user: Row, session: Row
) -> None:
    """Let a change of password pass that is fresh, or comes with the code that was sent."""
    if not changes.nonce:
        is_old = session["created_at"] < datetime.now(UTC) - _FRESH
        if parts.settings.needs_fresh_sign_in and is_old:
            message = "Password update requires reauthentication"
            raise AuthRefused(400, "reauthentication_needed", message)
    elif not await use_nonce(connection, user, changes.nonce):
        message = "Nonce has expired or is invalid"
        raise AuthRefused(422, "reauthentication_not_valid", message)
    else:
        parts.guards.changes.forgive(str(user["id"]))


async def _ask_for_email(
    parts: Parts,
    connection: Connection,
    request: Request,
    user: Row,
    email: str,
    challenge: Challenge | None,
) -> None:
    if await fetch_row(connection, _SQL.find_user_by_email, email=email) is not None:
        raise exists_already()
    parts.guards.count_mail("email_change", str(user["id"]), address_of(request))
    asking = await fetch_row(connection, _SQL.ask_for_email, user_id=user["id"], email=email)
    assert asking is not None
    flow_id = await open_flow(connection, user["id"], challenge, "email_change")
    redirect_to = choose_redirect(request.query_params.get("redirect_to"), parts.settings)
    await send_email_change(parts, connection, asking, redirect_to=redirect_to, flow_id=flow_id)


async def _lock_unchanged(connection: Connection, caller: Caller, seen: Row) -> Row:
    user = await fetch_row(connection, _SQL.lock_user, user_id=caller.user_id)
    if user is None or user["encrypted_password"] != seen["encrypted_password"]:
        raise AuthRefused(409, "conflict", "The user was changed at the same time")
    return user
