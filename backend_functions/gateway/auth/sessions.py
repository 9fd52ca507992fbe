"""Opens sessions and builds what a client keeps of one. Refresh tokens are stored as hashes."""

import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from starlette.requests import Request

from backend_functions.db.pool import Connection, Database
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.failures import AuthRefused
from backend_functions.gateway.auth.parts import AUTH_ADMIN, Parts, address_of
from backend_functions.gateway.auth.records import Row, build_claims, render_user
from backend_functions.gateway.auth.tokens import TokenSigner

_SQL = queries("auth")


def hash_token(token: str) -> bytes:
    """Return what is stored of a refresh token."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


async def fetch_row(connection: Connection, statement: str, **values: Any) -> DictRow | None:
    """Run a statement and return its first row."""
    return await (await connection.execute(statement, values)).fetchone()


def require_not_banned(user: Row, message: str, *, status: int = 400) -> None:
    """Let a user pass who is not banned now.

    Raises:
        AuthRefused: The user is banned.
    """
    if user["banned_until"] is not None and user["banned_until"] > datetime.now(UTC):
        raise AuthRefused(status, "user_banned", message)


async def enter(
    parts: Parts, connection: Connection, user: Row, request: Request, *, method: str
) -> dict[str, Any]:
    """Open a session for a user who has shown who they are, and return what clients keep of it.

    Args:
        method: How they did, as tokens say it: `password` or `otp`.
    """
    signed_in = await fetch_row(connection, _SQL.mark_signed_in, user_id=user["id"])
    assert signed_in is not None
    session, token = await _open_session(connection, user["id"], request, method)
    return await show_session(connection, parts.signer, signed_in, session, token)


async def _open_session(
    connection: Connection, user_id: UUID, request: Request, method: str
) -> tuple[Row, str]:
    cursor = await connection.execute(
        _SQL.insert_session,
        {
            "user_id": user_id,
            "method": method,
            "user_agent": request.headers.get("user-agent", "").replace("\0", ""),
            "ip": _ip(address_of(request)),
        },
    )
    session = await cursor.fetchone()
    assert session is not None
    token = secrets.token_urlsafe(32)
    values = {"token_hash": hash_token(token), "session_id": session["id"], "parent_id": None}
    await connection.execute(_SQL.insert_refresh_token, values)
    return session, token


def _ip(address: str) -> str | None:
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return None


async def show_user(connection: Connection, user: Row) -> dict[str, Any]:
    """Return a user as clients see them, with their identities."""
    cursor = await connection.execute(_SQL.list_identities, {"user_id": user["id"]})
    return render_user(user, await cursor.fetchall())


async def show_session(
    connection: Connection, signer: TokenSigner, user: Row, session: Row, refresh_token: str
) -> dict[str, Any]:
    """Return a session as clients keep it: a new access token, the refresh token, the user."""
    issued_at = int(time.time())
    claims = build_claims(
        user,
        session,
        issuer=signer.issuer,
        issued_at=issued_at,
        lifetime_seconds=signer.lifetime_seconds,
    )
    return {
        "access_token": signer.sign(claims),
        "token_type": "bearer",
        "expires_in": signer.lifetime_seconds,
        "expires_at": issued_at + signer.lifetime_seconds,
        "refresh_token": refresh_token,
        "user": await show_user(connection, user),
    }


def session_check(database: Database) -> Callable[[UUID], Awaitable[bool]]:
    """Return the question a verifier asks: does this session live, and may its user use it?"""

    async def is_session_live(session_id: UUID) -> bool:
        async with database.act_as(AUTH_ADMIN, read_only=True) as connection:
            cursor = await connection.execute(_SQL.session_is_live, {"session_id": session_id})
            row = await cursor.fetchone()
        return row is not None and bool(row["is_live"])

    return is_session_live
