"""API keys of the older kind: tokens signed with a project's HS256 secret that name a role."""

import time
from collections.abc import Callable
from typing import Any

import orjson
from jwt import PyJWS, PyJWTError

from backend_functions.access.claims import read_header, read_object
from backend_functions.errors import NotAuthenticated
from backend_functions.types import Caller

_ANONYMOUS = "anon"
_SERVICE = ("service_role", "supabase_admin")
"""Both are the service; the second is what the auth service's own tools call it."""


def read_legacy_key(
    key: str, secret: str, *, clock: Callable[[], float] = time.time
) -> Caller | None:
    """Return whom a legacy key stands for, or None when it is no such key.

    A user's token is none, whoever signed it: its role is `authenticated`.
    """
    try:
        if read_header(key)["alg"] != "HS256":
            return None
        signed = PyJWS().decode_complete(key, secret.encode(), algorithms=["HS256"])
        claims = read_object(signed["payload"])
    except (NotAuthenticated, PyJWTError, ValueError):
        return None
    return _caller(claims) if _is_current(claims, clock()) else None


def _caller(claims: dict[str, Any]) -> Caller | None:
    if claims.get("role") == _ANONYMOUS:
        return Caller("anon", claims)
    if claims.get("role") in _SERVICE:
        return Caller("service_role", {**claims, "role": "service_role"})
    return None


def _is_current(claims: dict[str, Any], now: float) -> bool:
    if "exp" not in claims:
        return True
    expires = claims["exp"]
    return isinstance(expires, int | float) and not isinstance(expires, bool) and expires > now


def make_legacy_key(role: str, secret: str, *, issued_at: int, lifetime_seconds: int) -> str:
    """Return the legacy key of a role, in the form that hosted projects have.

    Args:
        role: `anon` or `service_role`.
        issued_at: Seconds since 1970.
    """
    claims = {
        "iss": "supabase",
        "role": role,
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
    }
    return PyJWS().encode(orjson.dumps(claims), secret.encode(), algorithm="HS256")
