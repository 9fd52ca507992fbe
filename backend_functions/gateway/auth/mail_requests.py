"""POST /otp, /magiclink, /recover and /resend: people ask for a mail.

Whether there is such an account changes neither the answer nor, for as long as the mail takes to
write, the time until it comes. `create_user: false` is the exception the clients ask for.
"""

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.addresses import read_email, refuse_phone
from backend_functions.gateway.auth.bodies import dump_metadata, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.flows import Challenge, open_flow, read_challenge
from backend_functions.gateway.auth.mails import MailKind
from backend_functions.gateway.auth.models import MailRequest
from backend_functions.gateway.auth.parts import Parts, account_name, address_of, answer
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.redirects import choose_redirect
from backend_functions.gateway.auth.sending import send, send_email_change
from backend_functions.gateway.auth.sessions import fetch_row
from backend_functions.gateway.auth.users import (
    NewUser,
    create_user,
    refusing_known_addresses,
)

_SQL = queries("auth")


async def send_sign_in_code(parts: Parts, request: Request) -> Response:
    """Send a code to sign in with; an address that is new becomes a user, unless told not to."""
    asked = await read_body(request, MailRequest)
    email, challenge = _read(parts, asked)
    metadata = dump_metadata(asked.data or {})
    parts.guards.count_mail("magic_link", account_name(email), address_of(request))
    redirect_to = choose_redirect(request.query_params.get("redirect_to"), parts.settings)
    with refusing_known_addresses(AuthRefused(409, "conflict", "Another request was faster")):
        async with parts.guards.evened_out(), parts.transaction() as connection:
            user: Row | None = await fetch_row(connection, _SQL.find_user_by_email, email=email)
            if user is None:
                _require_new_users(parts, request, asked)
                new = NewUser(email, is_confirmed=False, user_metadata=metadata)
                user = await create_user(parts, connection, new)
            kind = _kind_for(parts, user)
            flow_id = await open_flow(connection, user["id"], challenge, kind)
            await send(parts, connection, user, kind, redirect_to=redirect_to, flow_id=flow_id)
    return answer({})


async def send_recovery(parts: Parts, request: Request) -> Response:
    """Send a code after which a new password can be set."""
    asked = await read_body(request, MailRequest)
    email, challenge = _read(parts, asked)
    parts.guards.count_mail("recovery", account_name(email), address_of(request))
    redirect_to = choose_redirect(request.query_params.get("redirect_to"), parts.settings)
    async with parts.guards.evened_out(), parts.transaction() as connection:
        user = await fetch_row(connection, _SQL.find_user_by_email, email=email)
        if user is not None:
            flow_id = await open_flow(connection, user["id"], challenge, "recovery")
            await send(
                parts, connection, user, "recovery", redirect_to=redirect_to, flow_id=flow_id
            )
    return answer({})


async def send_again(parts: Parts, request: Request) -> Response:
    """Send once more what a sign-up or a change of address waits for."""
    asked = await read_body(request, MailRequest)
    if asked.type not in ("signup", "email_change", "sms", "phone_change"):
        raise invalid("Missing one of these types: signup, email_change, sms, phone_change")
    email, challenge = _read(parts, asked)
    kind: MailKind = "confirmation" if asked.type == "signup" else "email_change"
    parts.guards.count_mail(kind, account_name(email), address_of(request))
    redirect_to = choose_redirect(request.query_params.get("redirect_to"), parts.settings)
    async with parts.guards.evened_out(), parts.transaction() as connection:
        user = await fetch_row(connection, _SQL.find_user_by_email, email=email)
        if user is not None:
            await _send_again(parts, connection, user, kind, redirect_to, challenge)
    return answer({})


async def _send_again(
    parts: Parts,
    connection: Connection,
    user: Row,
    kind: MailKind,
    redirect_to: str,
    challenge: Challenge | None,
) -> None:
    if kind == "confirmation" and user["email_confirmed_at"] is None:
        flow_id = await open_flow(connection, user["id"], challenge, "email/signup")
        await send(parts, connection, user, kind, redirect_to=redirect_to, flow_id=flow_id)
    if kind == "email_change" and user["email_change"]:
        flow_id = await open_flow(connection, user["id"], challenge, "email_change")
        await send_email_change(parts, connection, user, redirect_to=redirect_to, flow_id=flow_id)


def _read(parts: Parts, asked: MailRequest) -> tuple[str, Challenge | None]:
    if asked.email and asked.phone:
        raise invalid("Only an email address or phone number should be provided")
    if asked.phone:
        raise refuse_phone(asked.phone, what="logins")
    if not parts.settings.takes_email:
        raise AuthRefused(400, "email_provider_disabled", "Email logins are disabled")
    if not asked.email:
        raise invalid("One of email or phone must be set")
    return read_email(asked.email), read_challenge(asked)


def _require_new_users(parts: Parts, request: Request, asked: MailRequest) -> None:
    if asked.create_user is False or not parts.settings.takes_sign_ups:
        raise AuthRefused(422, "otp_disabled", "Signups not allowed for otp")
    parts.guards.sign_ups.count(address_of(request))


def _kind_for(parts: Parts, user: Row) -> MailKind:
    is_waiting = user["email_confirmed_at"] is None and not parts.settings.confirms_at_once
    return "confirmation" if is_waiting else "magic_link"
