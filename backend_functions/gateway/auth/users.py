"""Makes users: by sign-up, by a first code, by an invitation or by the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from psycopg.errors import UniqueViolation

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.failures import AuthRefused
from backend_functions.gateway.auth.parts import AUTH_ADMIN, Parts
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import fetch_row

_SQL = queries("auth")
_SIGNS_IN_BY_EMAIL = {"provider": "email", "providers": ["email"]}


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is known of a user who is made."""

    email: str
    is_confirmed: bool
    password_hash: str | None = field(default=None, repr=False)
    """None for people who sign in with codes."""
    user_metadata: str = "{}"
    """JSON, as `dump_metadata` gives it."""
    app_metadata: dict[str, Any] = field(default_factory=dict)
    is_invited: bool = False
    user_id: UUID | None = None
    """None lets the database choose."""
    ban_seconds: float | None = None


async def create_user(parts: Parts, connection: Connection, new: NewUser) -> Row:
    """Insert a user with what every new user has.

    Raises:
        UniqueViolation: There is a user with this address or id.
    """
    user = await fetch_row(
        connection,
        _SQL.insert_user,
        user_id=new.user_id,
        email=new.email,
        password_hash=new.password_hash,
        is_confirmed=new.is_confirmed,
        is_invited=new.is_invited,
        ban_seconds=new.ban_seconds,
        app_metadata=orjson.dumps({**new.app_metadata, **_SIGNS_IN_BY_EMAIL}).decode(),
        user_metadata=new.user_metadata,
    )
    assert user is not None
    identity = {"user_id": user["id"], "email": new.email, "is_confirmed": new.is_confirmed}
    await connection.execute(_SQL.insert_identity, identity)
    if parts.on_user_created is not None:
        await parts.on_user_created(connection, user["id"])
        # Whatever role that took, the rest is the auth service's own again.
        await connection.execute("select set_config('role', %s, true)", (AUTH_ADMIN.role,))
    return user


@contextmanager
def refusing_known_addresses(refusal: AuthRefused) -> Iterator[None]:
    """Refuse in these words when another user has the address, or the id, already."""
    try:
        yield
    except UniqueViolation as error:
        if error.diag.constraint_name not in ("users_email_is_unique", "users_pkey"):
            raise
        raise refusal from error


def exists_already() -> AuthRefused:
    """Make the refusal of an address that another user has."""
    message = "A user with this email address has already been registered"
    return AuthRefused(422, "email_exists", message)
