"""POST /token?grant_type=refresh_token: a session goes on with new tokens.

Each refresh token is used once. What follows it is derived from the token itself and a random
seed in its row, so that a client that repeats a token within the grace (two processes that share
one session) gets the same successor, though neither token is stored. A token that comes back
later was copied: the session ends, for the thief and for the owner.
"""

import base64
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.bodies import read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.models import RefreshRequest
from backend_functions.gateway.auth.parts import Parts, answer
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import (
    fetch_row,
    hash_token,
    require_not_banned,
    show_session,
)

GRACE_SECONDS = 10.0

_SQL = queries("auth")


async def refresh(parts: Parts, request: Request) -> Response:
    """Swap a refresh token for the next one and a new access token."""
    token = (await read_body(request, RefreshRequest)).refresh_token
    if not token:
        raise invalid("refresh_token required")
    async with parts.transaction() as connection:
        owner = await fetch_row(connection, _SQL.find_refresh_token, token_hash=hash_token(token))
        successor = await _swap(connection, token) if owner else None
        if owner is not None and successor is not None:
            return answer(await _go_on(parts, connection, owner, successor))
    if owner is None:
        raise AuthRefused(
            400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"
        )
    # Raised after the transaction, which has ended the session for good.
    parts.verifier.forget()
    raise AuthRefused(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")


async def _swap(connection: Connection, token: str) -> str | None:
    """Return the token that follows, or end the session and return None."""
    row = await fetch_row(
        connection,
        _SQL.read_refresh_token,
        token_hash=hash_token(token),
        grace_seconds=GRACE_SECONDS,
    )
    assert row is not None
    if row["revoked_at"] is None:
        seed = secrets.token_bytes(32)
        successor = _derive(token, seed)
        values = {"id": row["id"], "successor_seed": seed}
        await connection.execute(_SQL.retire_refresh_token, values)
        child = {"token_hash": hash_token(successor), "parent_id": row["id"]}
        child["session_id"] = row["session_id"]
        await connection.execute(_SQL.insert_refresh_token, child)
        return successor
    if row["may_be_repeated"] and row["successor_seed"] is not None:
        return _derive(token, bytes(row["successor_seed"]))
    await connection.execute(_SQL.revoke_family, {"session_id": row["session_id"]})
    return None


def _derive(token: str, seed: bytes) -> str:
    digest = hmac.digest(seed, token.encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _go_on(
    parts: Parts, connection: Connection, owner: Row, successor: str
) -> dict[str, object]:
    user = await fetch_row(connection, _SQL.find_user, user_id=owner["user_id"])
    ids = {"session_id": owner["id"], "user_id": owner["user_id"]}
    live = await fetch_row(connection, _SQL.find_session, **ids)
    if user is None or live is None:
        raise AuthRefused(400, "session_expired", "Invalid Refresh Token: Session Expired")
    require_not_banned(user, "Invalid Refresh Token: User Banned")
    session = await fetch_row(connection, _SQL.mark_refreshed, session_id=owner["id"])
    assert session is not None
    return await show_session(connection, parts.signer, user, session, successor)
