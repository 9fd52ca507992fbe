"""Sign-ins that begin with a challenge and end with a code and its verifier (PKCE).

Source: https://www.rfc-editor.org/rfc/rfc7636#section-4
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.bodies import read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.models import CodeExchange, WithChallenge
from backend_functions.gateway.auth.parts import Parts, answer
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import (
    enter,
    fetch_row,
    hash_token,
    require_not_banned,
)

CODE_SECONDS = 300.0
"""How long a code finishes a sign-in."""

_SQL = queries("auth")
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the verifier will be held against."""

    value: str
    method: str


def read_challenge(body: WithChallenge) -> Challenge | None:
    """Return the challenge of a request, or None when it asks for no code.

    Raises:
        AuthRefused: There is half of one, or one that no verifier could have made.
    """
    value, method = body.code_challenge, (body.code_challenge_method or "").lower()
    if not value and not method:
        return None
    if not value or not method:
        raise invalid("PKCE flow requires code_challenge_method and code_challenge")
    if method not in ("s256", "plain"):
        raise invalid("Invalid code_challenge_method")
    if not _CHALLENGE.fullmatch(value):
        raise invalid("code challenge has to be between 43 and 128 characters, of A-Z a-z 0-9 -._~")
    return Challenge(value, method)


async def open_flow(
    connection: Connection, user_id: UUID, challenge: Challenge | None, method: str
) -> UUID | None:
    """Remember that a user's sign-in will end with a code; None without a challenge.

    Args:
        method: What it began with, such as `recovery`.
    """
    if challenge is None:
        return None
    row = await fetch_row(
        connection,
        _SQL.insert_flow,
        user_id=user_id,
        method=method,
        challenge=challenge.value,
        challenge_method=challenge.method,
    )
    assert row is not None
    flow_id: UUID = row["id"]
    return flow_id


async def give_code(connection: Connection, flow_id: UUID) -> str:
    """Return the code that finishes a sign-in; it is stored as a hash."""
    code = secrets.token_urlsafe(32)
    await connection.execute(_SQL.give_code, {"id": flow_id, "code_hash": hash_token(code)})
    return code


async def exchange_code(parts: Parts, request: Request) -> Response:
    """Answer a code and its verifier with a session; a code is spent by the first attempt."""
    given = await read_body(request, CodeExchange)
    if not given.auth_code or not given.code_verifier:
        raise invalid("invalid request: both auth code and code verifier should be non-empty")
    async with parts.transaction() as connection:
        flow = await fetch_row(
            connection,
            _SQL.take_flow,
            code_hash=hash_token(given.auth_code),
            lifetime_seconds=CODE_SECONDS,
        )
        refusal = _refusal(flow, given.code_verifier)
        if flow is not None and refusal is None:
            user = await fetch_row(connection, _SQL.lock_user, user_id=flow["user_id"])
            if user is not None:
                require_not_banned(user, "User is banned")
                return answer(await enter(parts, connection, user, request, method="otp"))
    # Raised after the transaction, in which the code was spent.
    raise refusal or _no_flow()


def _refusal(flow: Row | None, verifier: str) -> AuthRefused | None:
    if flow is None:
        return _no_flow()
    if flow["is_over"]:
        message = "invalid flow state, flow state has expired"
        return AuthRefused(422, "flow_state_expired", message)
    if not _fits(verifier, flow["code_challenge"], flow["code_challenge_method"]):
        message = "code challenge does not match previously saved code verifier"
        return AuthRefused(400, "bad_code_verifier", message)
    return None


def _no_flow() -> AuthRefused:
    message = "invalid flow state, no valid flow state found"
    return AuthRefused(404, "flow_state_not_found", message)


def _fits(verifier: str, challenge: str, method: str) -> bool:
    made = verifier
    if method == "s256":
        digest = sha256(verifier.encode("utf-8", "surrogatepass")).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(made.encode("utf-8", "surrogatepass"), challenge.encode())
