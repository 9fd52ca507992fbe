"""POST /signup: a new user, signed in at once, or after a mail has been answered."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.queries import queries
from backend_functions.gateway.auth.addresses import read_email, refuse_phone
from backend_functions.gateway.auth.bodies import dump_metadata, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.flows import Challenge, open_flow, read_challenge
from backend_functions.gateway.auth.models import Credentials
from backend_functions.gateway.auth.parts import Parts, account_name, address_of, answer
from backend_functions.gateway.auth.passwords import check_strength
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.redirects import choose_redirect
from backend_functions.gateway.auth.sending import send
from backend_functions.gateway.auth.sessions import enter, fetch_row, show_user
from backend_functions.gateway.auth.users import (
    NewUser,
    create_user,
    refusing_known_addresses,
)

_SQL = queries("auth")


async def sign_up(parts: Parts, request: Request) -> Response:
    """Create a user and answer with their first session, or with the user who has mail."""
    parts.guards.sign_ups.count(address_of(request))
    wanted = await read_body(request, Credentials)
    email, password = _check(parts, wanted)
    challenge = read_challenge(wanted)
    new = NewUser(
        email,
        is_confirmed=parts.settings.confirms_at_once,
        user_metadata=dump_metadata(wanted.data or {}),
        password_hash=await parts.passwords.make_hash(password),
    )
    known = AuthRefused(422, "user_already_exists", "User already registered")
    with refusing_known_addresses(known):
        if not parts.settings.confirms_at_once:
            return await _sign_up_by_mail(parts, request, new, challenge, wanted.data or {})
        async with parts.transaction() as connection:
            user = await create_user(parts, connection, new)
            return answer(await enter(parts, connection, user, request, method="password"))


def require_sign_ups(parts: Parts) -> None:
    """Let new users in.

    Raises:
        AuthRefused: There are to be none, or none with an address.
    """
    if not parts.settings.takes_sign_ups:
        raise AuthRefused(422, "signup_disabled", "Signups not allowed for this instance")
    if not parts.settings.takes_email:
        raise AuthRefused(400, "email_provider_disabled", "Email signups are disabled")


def _check(parts: Parts, wanted: Credentials) -> tuple[str, str]:
    require_sign_ups(parts)
    if wanted.phone:
        raise refuse_phone(wanted.phone, what="signups")
    if not wanted.email and not wanted.password:
        raise AuthRefused(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    if not wanted.password:
        raise invalid("Signup requires a valid password")
    email = read_email(wanted.email)
    check_strength(wanted.password, min_characters=parts.settings.min_password_characters)
    return email, wanted.password


async def _sign_up_by_mail(
    parts: Parts,
    request: Request,
    new: NewUser,
    challenge: Challenge | None,
    metadata: dict[str, Any],
) -> Response:
    """Answer alike for new addresses and for those of others, who get no mail."""
    parts.guards.count_mail("confirmation", account_name(new.email), address_of(request))
    redirect_to = choose_redirect(request.query_params.get("redirect_to"), parts.settings)
    async with parts.guards.evened_out(), parts.transaction() as connection:
        known: Row | None = await fetch_row(connection, _SQL.find_user_by_email, email=new.email)
        if known is not None and known["email_confirmed_at"] is not None:
            return answer(_nobody(new.email, metadata))
        # A user who has not answered yet keeps the first password: this may be somebody else.
        user = known or await create_user(parts, connection, new)
        flow_id = await open_flow(connection, user["id"], challenge, "email/signup")
        sent = await send(
            parts, connection, user, "confirmation", redirect_to=redirect_to, flow_id=flow_id
        )
        return answer(await show_user(connection, sent))


def _nobody(email: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what looks like a new user, for an address that is somebody's already."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": str(uuid4()),
        "aud": "authenticated",
        "role": "authenticated",
        "email": email,
        "phone": "",
        "confirmation_sent_at": now,
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": metadata,
        "identities": [],
        "created_at": now,
        "updated_at": now,
        "is_anonymous": False,
    }
