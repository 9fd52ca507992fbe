"""Refusals of the auth service, in the two shapes that its clients read."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from backend_functions.access import CHALLENGE

_VERSION_HEADER = "X-Supabase-Api-Version"
_VERSION = "2024-01-01"


class AuthRefused(Exception):
    """A request that the auth service does not do, and why."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra or {}
        self.headers = headers or {}


def invalid(message: str) -> AuthRefused:
    """Make the refusal of a request whose parts cannot be right."""
    return AuthRefused(400, "validation_failed", message)


def render_failure(request: Request, failure: AuthRefused) -> Response:
    """Answer in the shape that the client's version of the interface reads."""
    headers = {"x-sb-error-code": failure.code, **failure.headers}
    if failure.status == 401:
        headers |= CHALLENGE
    body: dict[str, Any]
    if _reads_string_codes(request):
        headers[_VERSION_HEADER] = _VERSION
        body = {"code": failure.code, "message": failure.message}
    else:
        body = {"code": failure.status, "error_code": failure.code, "msg": failure.message}
    return Response(
        orjson.dumps(body | dict(failure.extra)),
        status_code=failure.status,
        headers=headers,
        media_type="application/json",
    )


def _reads_string_codes(request: Request) -> bool:
    version = request.headers.get(_VERSION_HEADER, "")
    return re.fullmatch(r"2\d{3}-\d\d-\d\d", version, re.ASCII) is not None and version >= _VERSION
