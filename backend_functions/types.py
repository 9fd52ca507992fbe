"""Plain data that crosses layers inside the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

Role = Literal["anon", "authenticated", "service_role", "supabase_auth_admin"]
"""The database roles a request may take; `authenticator` may switch to no others."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: the database role to take, and the verified claims that policies read."""

    role: Role
    claims: Mapping[str, Any]
    user_id: UUID | None = None
    session_id: UUID | None = None


ANONYMOUS = Caller(role="anon", claims={"role": "anon"})
SERVICE = Caller(role="service_role", claims={"role": "service_role"})
