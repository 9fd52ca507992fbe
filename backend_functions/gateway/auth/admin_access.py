"""Lets only the service use the endpoints under /admin, and reads what it sends there."""

import re
from uuid import UUID

from starlette.requests import Request

from backend_functions.access import identify_gateway_caller, read_bearer
from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.own_session import bad_token, no_token
from backend_functions.gateway.auth.parts import Parts

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_LONGEST_SECONDS = 1000 * 365 * 24 * 3600.0


async def require_service(parts: Parts, request: Request) -> None:
    """Let a request pass that comes with the secret key.

    Raises:
        AuthRefused: It comes with another key, or in a user's name.
    """
    try:
        caller = await identify_gateway_caller(request.headers, parts.verifier, parts.keys)
    except NotAuthenticated as error:
        raise bad_token() from error
    if caller.role == "service_role":
        return
    if read_bearer(request.headers) is None:
        raise no_token()
    raise AuthRefused(403, "not_admin", "User not allowed")


def read_user_id(request: Request) -> UUID:
    """Return the user whom a path names.

    Raises:
        AuthRefused: It names none.
    """
    try:
        return UUID(request.path_params["user_id"])
    except ValueError as error:
        raise AuthRefused(404, "validation_failed", "user_id must be an UUID") from error


def read_duration(text: str) -> float | None:
    """Return how many seconds a ban lasts, as in `1h30m`; None for `none`.

    Raises:
        AuthRefused: It is no duration, or longer than a thousand years.

    Source: https://pkg.go.dev/time#ParseDuration
    """
    if text == "none":
        return None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))
    if not _DURATION.fullmatch(text) or seconds > _LONGEST_SECONDS:
        raise invalid(f'invalid format for ban duration: "{text[:40]}"')
    return seconds
