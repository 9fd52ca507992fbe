"""Codes and links that are good once. Of both only hashes are stored."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal
from uuid import UUID

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import fetch_row, hash_token

LIFETIME_SECONDS = 3600.0

TokenType = Literal[
    "confirmation_token",
    "recovery_token",
    "email_change_token_new",
    "email_change_token_current",
    "reauthentication_token",
]
PKCE_PREFIX = "pkce_"
"""Begins the token of a link that leads to a code instead of a session."""

_SQL = queries("auth")
_CODE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class OneTime:
    """What goes into a mail: digits to type, and the token of a link. Either uses up both."""

    code: str = field(repr=False)
    token: str = field(repr=False)


async def issue(
    connection: Connection,
    user_id: UUID,
    token_type: TokenType,
    email: str,
    *,
    flow_id: UUID | None = None,
) -> OneTime:
    """Make and store a code and a link's token; earlier ones of the type are good no more.

    Args:
        email: Where they go.
        flow_id: The sign-in that following the link continues.
    """
    code = f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}d}"
    made = OneTime(code, (PKCE_PREFIX if flow_id else "") + secrets.token_hex(28))
    values = {"user_id": user_id, "token_type": token_type, "relates_to": email}
    hashes = {"token_hash": hash_token(made.token), "code_hash": _hash_code(email, code)}
    await connection.execute(
        _SQL.replace_one_time_token, {**values, **hashes, "flow_state_id": flow_id}
    )
    return made


async def find_by_link(
    connection: Connection, token: str, token_types: Sequence[TokenType]
) -> Row | None:
    """Return what a link's token stands for; None when it is not good, or not for this."""
    return await fetch_row(
        connection,
        _SQL.find_link,
        token_hash=hash_token(token),
        token_types=list(token_types),
        lifetime_seconds=LIFETIME_SECONDS,
    )


async def find_by_code(
    connection: Connection, email: str, code: str, token_types: Sequence[TokenType]
) -> Row | None:
    """Return what a code stands for that went to an address; None as `find_by_link`."""
    return await fetch_row(
        connection,
        _SQL.find_code,
        email=email,
        code_hash=_hash_code(email, code),
        token_types=list(token_types),
        lifetime_seconds=LIFETIME_SECONDS,
    )


async def use_nonce(connection: Connection, user: Row, nonce: str) -> bool:
    """Use up the code that a signed-in user was sent; False when it is not that code."""
    row = await fetch_row(
        connection,
        _SQL.find_nonce,
        user_id=user["id"],
        code_hash=_hash_code(user["email"] or "", nonce),
        lifetime_seconds=LIFETIME_SECONDS,
    )
    if row is None:
        return False
    await connection.execute(_SQL.use_up, {"id": row["id"]})
    return True


def _hash_code(email: str, code: str) -> bytes:
    return sha256(f"{email}\0{code}".encode("utf-8", "surrogatepass")).digest()
