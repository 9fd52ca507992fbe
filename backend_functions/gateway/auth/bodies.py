"""Reads the bodies of requests: bounded, JSON, of the right types."""

import re
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request

from backend_functions.gateway.auth.failures import AuthRefused, invalid

MAX_BODY_BYTES = 64 * 1024
MAX_METADATA_BYTES = 4096
"""Metadata travels in every token, and a token must fit into a header."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Credentials(_Body):
    """Sign-up and sign-in; what else a client sends is not looked at."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None


class RefreshRequest(_Body):
    """A refresh."""

    refresh_token: str | None = None


class UserChanges(_Body):
    """What a user may ask to have changed about themselves."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    current_password: str | None = None
    data: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


AnyBody = TypeVar("AnyBody", bound=_Body)


async def read_body(request: Request, kind: type[AnyBody]) -> AnyBody:
    """Return the request's JSON body.

    Raises:
        AuthRefused: Too large, not JSON, not an object, or a field of a wrong type.
    """
    try:
        value = orjson.loads(await _read_bytes(request))
    except orjson.JSONDecodeError as error:
        raise AuthRefused(400, "bad_json", "Could not parse request body as JSON") from error
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        names = {".".join(map(str, problem["loc"])) or "body" for problem in error.errors()}
        raise invalid(f"Wrong type: {', '.join(sorted(names))}") from error


async def _read_bytes(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise AuthRefused(413, "validation_failed", "Request body is too large")
    except ClientDisconnect as error:
        raise AuthRefused(400, "bad_json", "Could not read request body") from error
    return bytes(body)


def dump_metadata(data: dict[str, Any]) -> str:
    """Return metadata as the JSON that is stored.

    Raises:
        AuthRefused: It is too large, nested too deeply, or holds what PostgreSQL cannot.
    """
    try:
        text = orjson.dumps(data)
    except TypeError as error:
        raise invalid("data is nested too deeply") from error
    if len(text) > MAX_METADATA_BYTES:
        raise invalid(f"data is larger than {MAX_METADATA_BYTES} bytes")
    if _NUL.search(text):
        raise invalid("data must not contain the character U+0000")
    return text.decode()
