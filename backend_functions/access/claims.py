"""What a token must look like and say. Pure: no clock, no network, no key of its own."""

import json
import math
import re
from base64 import urlsafe_b64decode
from typing import Any, NoReturn
from uuid import UUID

from backend_functions.errors import NotAuthenticated
from backend_functions.types import Caller

MAX_TOKEN_CHARACTERS = 8192
MAX_LIFETIME_SECONDS = 24 * 3600
SKEW_SECONDS = 30
"""How far another machine's clock may be ahead of ours."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class TokenExpired(NotAuthenticated):
    """A token that was good once."""

    code = "token_expired"
    default_message = "The session has expired. Refresh it or sign in again."


def read_header(token: str) -> dict[str, Any]:
    """Return the header of a token in compact form, before anything is verified.

    Raises:
        NotAuthenticated: It is no token, or asks for an extension we do not know.
    """
    if len(token) > MAX_TOKEN_CHARACTERS or not _COMPACT.fullmatch(token):
        raise NotAuthenticated(detail="not a compact token")
    encoded = token.partition(".")[0]
    try:
        header = read_object(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise NotAuthenticated(detail="unreadable token header") from error
    if "crit" in header or "b64" in header:
        raise NotAuthenticated(detail="the token asks for an extension")
    if str(header.get("typ", "JWT")).upper() != "JWT" or not isinstance(header.get("alg"), str):
        raise NotAuthenticated(detail="not an access token's header")
    return header


def read_object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object in which no name stands twice and every number is finite.

    Raises:
        ValueError: It is not one.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def read_caller(claims: dict[str, Any], *, issuer: str, now: float) -> Caller:
    """Return the user that verified claims speak of.

    Args:
        claims: The payload of a token whose signature holds.
        issuer: The only `iss` that is accepted.
        now: Seconds since 1970.

    Raises:
        TokenExpired: Everything else is right.
        NotAuthenticated: Anything else is not as a user's token must be.
    """
    expected = {"iss": issuer, "aud": "authenticated", "role": "authenticated"}
    for name, value in expected.items():
        if claims.get(name) != value:
            raise NotAuthenticated(detail=f"wrong {name}")
    user_id = _uuid(claims, "sub")
    session_id = _uuid(claims, "session_id") if "session_id" in claims else None
    _check_times(claims, now)
    return Caller("authenticated", claims, user_id, session_id)


def _uuid(claims: dict[str, Any], name: str) -> UUID:
    value = claims.get(name)
    try:
        parsed = UUID(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    # Only the usual form: Python also reads braces and `urn:uuid:`.
    if parsed is None or str(parsed) != str(value).lower():
        raise NotAuthenticated(detail=f"{name} is not a UUID")
    return parsed


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires = _seconds(claims, "exp")
    issued = _seconds(claims, "iat") if "iat" in claims else now
    not_before = _seconds(claims, "nbf") if "nbf" in claims else now
    if max(issued, not_before) > now + SKEW_SECONDS:
        raise NotAuthenticated(detail="the token is not valid yet")
    if expires - min(issued, now) > MAX_LIFETIME_SECONDS:
        raise NotAuthenticated(detail="the token lives too long")
    if expires <= now:
        raise TokenExpired(detail="the token has expired")


def _seconds(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAuthenticated(detail=f"{name} is not a number")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise NotAuthenticated(detail=f"{name} is not finite")
    return seconds
