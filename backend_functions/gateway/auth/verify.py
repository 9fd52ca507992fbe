"""POST and GET /verify: a code was typed, or a link was followed."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.addresses import read_email, refuse_phone
from backend_functions.gateway.auth.bodies import read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.flows import give_code
from backend_functions.gateway.auth.models import Verification
from backend_functions.gateway.auth.one_time import (
    PKCE_PREFIX,
    TokenType,
    find_by_code,
    find_by_link,
)
from backend_functions.gateway.auth.parts import Parts, account_name, address_of, answer
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.redirects import choose_redirect, with_fragment, with_query
from backend_functions.gateway.auth.sessions import enter, fetch_row, require_not_banned
from backend_functions.gateway.auth.users import exists_already, refusing_known_addresses

_SQL = queries("auth")
_CHANGES: tuple[TokenType, ...] = ("email_change_token_new", "email_change_token_current")
_TOKEN_TYPES: dict[str, tuple[TokenType, ...]] = {
    "signup": ("confirmation_token",),
    "invite": ("confirmation_token",),
    "magiclink": ("recovery_token",),
    "recovery": ("recovery_token",),
    "email": ("confirmation_token", "recovery_token"),
    "email_change": _CHANGES,
}
_HALF_DONE = "Confirmation link accepted. Please proceed to confirm link sent to the other email"
_OAUTH_ERRORS = {400: "invalid_request", 403: "access_denied", 500: "server_error"}


async def verify_code(parts: Parts, request: Request) -> Response:
    """Answer a code, or a link's token, with a session."""
    given = await read_body(request, Verification)
    if bool(given.token) == bool(given.token_hash):
        raise invalid("Verify requires either a token or a token hash")
    if given.token_hash and (given.email or given.phone):
        raise invalid("Only the token_hash and type should be provided")
    _refuse_phone(given)
    account = account_name(read_email(given.email)) if given.token else ""
    if account:
        parts.guards.count_code(account, address_of(request))
    types = _types(given.type)
    with refusing_known_addresses(exists_already()):
        async with parts.transaction() as connection:
            sent = await _find(connection, given, types)
            user = await _accept(parts, connection, sent)
            content = (
                {"code": "200", "msg": _HALF_DONE}
                if user is None
                else await enter(parts, connection, user, request, method="otp")
            )
    if account:
        parts.guards.forgive_code(account, address_of(request))
    return answer(content)


async def follow_link(parts: Parts, request: Request) -> Response:
    """Lead the browser on, with a session, with a code for one, or with what went wrong."""
    query = request.query_params
    redirect_to = choose_redirect(query.get("redirect_to"), parts.settings)
    token = query.get("token") or ""
    if not token or not query.get("type"):
        raise invalid("Verify requires a token and a type")
    has_code = token.startswith(PKCE_PREFIX)
    try:
        with refusing_known_addresses(exists_already()):
            target = await _follow(parts, request, token, redirect_to)
    except AuthRefused as refused:
        target = _tell(redirect_to, _failure(refused), in_query=has_code)
    return RedirectResponse(target, 303, headers={"Cache-Control": "no-store"})


async def _follow(parts: Parts, request: Request, token: str, redirect_to: str) -> str:
    kind = request.query_params["type"]
    async with parts.transaction() as connection:
        sent = await find_by_link(connection, token, _types(kind))
        if sent is None:
            raise AuthRefused(403, "otp_expired", "Email link is invalid or has expired")
        user = await _accept(parts, connection, sent)
        if user is None:
            return _tell(
                redirect_to, {"message": _HALF_DONE}, in_query=sent["flow_state_id"] is not None
            )
        if sent["flow_state_id"] is not None:
            return with_query(
                redirect_to, {"code": await give_code(connection, sent["flow_state_id"])}
            )
        session = await enter(parts, connection, user, request, method="otp")
    names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
    values = {name: str(session[name]) for name in names}
    return with_fragment(redirect_to, {**values, "type": kind, "sb": ""})


async def _find(connection: Connection, given: Verification, types: tuple[TokenType, ...]) -> Row:
    if given.token_hash:
        sent, message = (
            await find_by_link(connection, given.token_hash, types),
            "Email link is invalid or has expired",
        )
    else:
        sent, message = (
            await find_by_code(connection, read_email(given.email), given.token or "", types),
            "Token has expired or is invalid",
        )
    if sent is None:
        raise AuthRefused(403, "otp_expired", message)
    return sent


async def _accept(parts: Parts, connection: Connection, sent: Row) -> Row | None:
    """Use up what was sent and do what it was for; None while another address has to agree."""
    user = await fetch_row(connection, _SQL.lock_user, user_id=sent["user_id"])
    if user is None:
        raise AuthRefused(403, "otp_expired", "Token has expired or is invalid")
    require_not_banned(user, "User is banned", status=403)
    await connection.execute(_SQL.use_up, {"id": sent["id"]})
    if sent["token_type"] in _CHANGES:
        return await _accept_address(parts, connection, user)
    if user["email_confirmed_at"] is not None:
        return user
    types = {"user_id": user["id"], "token_types": ["confirmation_token"]}
    await connection.execute(_SQL.use_up_all, types)
    return await fetch_row(connection, _SQL.confirm_user, user_id=user["id"])


async def _accept_address(parts: Parts, connection: Connection, user: Row) -> Row | None:
    needs_both = not parts.settings.confirms_at_once and user["email"]
    if needs_both and user["email_change_confirm_status"] == 0:
        await connection.execute(_SQL.confirm_half_of_email, {"user_id": user["id"]})
        return None
    new = {"user_id": user["id"], "email": user["email_change"], "is_confirmed": True}
    return await fetch_row(connection, _SQL.change_email, **new)


def _types(kind: str | None) -> tuple[TokenType, ...]:
    if kind not in _TOKEN_TYPES:
        raise invalid("Invalid email verification type")
    return _TOKEN_TYPES[kind]


def _refuse_phone(given: Verification) -> None:
    if given.phone:
        refused = refuse_phone(given.phone, what="logins")
        if refused.code == "phone_provider_disabled":
            refused = AuthRefused(403, "otp_expired", "Token has expired or is invalid")
        raise refused


def _failure(refused: AuthRefused) -> dict[str, str]:
    told = {"error_code": refused.code, "error_description": refused.message}
    if refused.status in _OAUTH_ERRORS:
        told = {"error": _OAUTH_ERRORS[refused.status], **told}
    return told


def _tell(redirect_to: str, values: dict[str, str], *, in_query: bool) -> str:
    target = with_query(redirect_to, values) if in_query else redirect_to
    return with_fragment(target, {**values, "sb": ""})
