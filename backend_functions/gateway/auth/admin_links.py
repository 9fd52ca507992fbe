"""POST /admin/generate_link and /invite: links that the service hands out, or has sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.addresses import read_email
from backend_functions.gateway.auth.admin_access import require_service
from backend_functions.gateway.auth.bodies import dump_metadata, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.mails import MailKind
from backend_functions.gateway.auth.models import LinkRequest
from backend_functions.gateway.auth.one_time import TokenType, issue
from backend_functions.gateway.auth.parts import Parts, answer
from backend_functions.gateway.auth.passwords import check_strength
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.redirects import choose_redirect, is_allowed
from backend_functions.gateway.auth.sending import TOKEN_TYPES, link_to, send
from backend_functions.gateway.auth.sessions import fetch_row, show_user
from backend_functions.gateway.auth.users import (
    NewUser,
    create_user,
    exists_already,
    refusing_known_addresses,
)

_SQL = queries("auth")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A link for a user who is there by now."""

    user: Row
    kind: MailKind
    token_type: TokenType
    email: str
    """Whose code it is: the user's, or the one the user is to get."""


async def invite(parts: Parts, request: Request) -> Response:
    """Make a user who has yet to accept, and send them the invitation."""
    await require_service(parts, request)
    asked = await read_body(request, LinkRequest)
    email = read_email(asked.email)
    redirect_to = choose_redirect(request.query_params.get("redirect_to"), parts.settings)
    with refusing_known_addresses(exists_already()):
        async with parts.transaction() as connection:
            user = await _unconfirmed(parts, connection, email, asked, None)
            sent = await send(parts, connection, user, "invite", redirect_to=redirect_to)
            return answer(await show_user(connection, sent))


async def generate_link(parts: Parts, request: Request) -> Response:
    """Answer with a link and its code, for the service to send in its own words."""
    await require_service(parts, request)
    asked = await read_body(request, LinkRequest)
    make = _MAKERS.get(asked.type or "")
    if make is None:
        raise invalid(f"Invalid email action link type requested: {(asked.type or '')[:40]}")
    email, redirect_to = read_email(asked.email), _redirect(parts, request, asked)
    with refusing_known_addresses(exists_already()):
        async with parts.transaction() as connection:
            wanted = await make(parts, connection, email, asked)
            user = wanted.user
            made = await issue(connection, user["id"], wanted.token_type, wanted.email)
            marked = await fetch_row(
                connection, _SQL.mark_sent, user_id=user["id"], kind=wanted.kind
            )
            assert marked is not None
            shown = await show_user(connection, marked)
    is_new = wanted.kind == "confirmation" and asked.type == "magiclink"
    return answer(
        {
            **shown,
            "action_link": link_to(parts, wanted.kind, made, redirect_to),
            "email_otp": made.code,
            "hashed_token": made.token,
            "verification_type": "signup" if is_new else asked.type,
            "redirect_to": redirect_to,
        }
    )


def _redirect(parts: Parts, request: Request, asked: LinkRequest) -> str:
    if asked.redirect_to and is_allowed(asked.redirect_to, parts.settings):
        return asked.redirect_to
    return choose_redirect(request.query_params.get("redirect_to"), parts.settings)


async def _for_sign_up(
    parts: Parts, connection: Connection, email: str, asked: LinkRequest
) -> _Wanted:
    if not asked.password:
        raise invalid("Signup requires a valid password")
    check_strength(asked.password, min_characters=parts.settings.min_password_characters)
    password_hash = await parts.passwords.make_hash(asked.password)
    user = await _unconfirmed(parts, connection, email, asked, password_hash)
    return _Wanted(user, "confirmation", "confirmation_token", email)


async def _for_invitation(
    parts: Parts, connection: Connection, email: str, asked: LinkRequest
) -> _Wanted:
    user = await _unconfirmed(parts, connection, email, asked, None)
    return _Wanted(user, "invite", "confirmation_token", email)


async def _for_sign_in(
    parts: Parts, connection: Connection, email: str, asked: LinkRequest
) -> _Wanted:
    user = await fetch_row(connection, _SQL.find_user_by_email, email=email)
    if user is not None:
        return _Wanted(user, "magic_link", "recovery_token", email)
    new = await _unconfirmed(parts, connection, email, asked, None)
    return _Wanted(new, "confirmation", "confirmation_token", email)


async def _for_recovery(
    parts: Parts, connection: Connection, email: str, asked: LinkRequest
) -> _Wanted:
    user = await _known(connection, email)
    return _Wanted(user, "recovery", TOKEN_TYPES["recovery"], email)


async def _for_old_address(
    parts: Parts, connection: Connection, email: str, asked: LinkRequest
) -> _Wanted:
    user = await _changing(connection, email, asked)
    return _Wanted(user, "email_change", "email_change_token_current", email)


async def _for_new_address(
    parts: Parts, connection: Connection, email: str, asked: LinkRequest
) -> _Wanted:
    user = await _changing(connection, email, asked)
    return _Wanted(user, "email_change", "email_change_token_new", user["email_change"])


_MAKERS: dict[str, Callable[[Parts, Connection, str, LinkRequest], Awaitable[_Wanted]]] = {
    "signup": _for_sign_up,
    "invite": _for_invitation,
    "magiclink": _for_sign_in,
    "recovery": _for_recovery,
    "email_change_current": _for_old_address,
    "email_change_new": _for_new_address,
}


async def _unconfirmed(
    parts: Parts,
    connection: Connection,
    email: str,
    asked: LinkRequest,
    password_hash: str | None,
) -> Row:
    """Return the user who has yet to confirm an address, made if need be."""
    user = await fetch_row(connection, _SQL.find_user_by_email, email=email)
    if user is not None and user["email_confirmed_at"] is not None:
        raise exists_already()
    metadata = dump_metadata(asked.data or {})
    new = NewUser(email, is_confirmed=False, password_hash=password_hash, user_metadata=metadata)
    return user or await create_user(parts, connection, new)


async def _known(connection: Connection, email: str) -> Row:
    user = await fetch_row(connection, _SQL.find_user_by_email, email=email)
    if user is None:
        raise AuthRefused(404, "user_not_found", "User with this email not found")
    return user


async def _changing(connection: Connection, email: str, asked: LinkRequest) -> Row:
    user, new_email = await _known(connection, email), read_email(asked.new_email)
    if user["email_change"] == new_email:
        return user  # the second of the two links
    if await fetch_row(connection, _SQL.find_user_by_email, email=new_email) is not None:
        raise exists_already()
    asking = await fetch_row(connection, _SQL.ask_for_email, user_id=user["id"], email=new_email)
    assert asking is not None
    return asking
