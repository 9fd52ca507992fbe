"""Reads the bodies of requests: bounded, JSON, of the right types."""

import re
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request

from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.models import AnyBody
from backend_functions.http import read_whole

MAX_BODY_BYTES = 64 * 1024
MAX_METADATA_BYTES = 4096
"""Metadata travels in every token, and a token must fit into a header."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


async def read_body(
    request: Request, kind: type[AnyBody], *, may_be_empty: bool = False
) -> AnyBody:
    """Return the request's JSON body.

    Args:
        may_be_empty: No body at all counts as one that says nothing.

    Raises:
        TooLarge, TooSlow: Too many bytes, or they do not come to their end.
        AuthRefused: Not JSON, not an object, or a field of a wrong type.
    """
    try:
        raw = await read_whole(request, MAX_BODY_BYTES)
    except ClientDisconnect as error:
        raise AuthRefused(400, "bad_json", "Could not read request body") from error
    if may_be_empty and not raw:
        return kind()
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise AuthRefused(400, "bad_json", "Could not parse request body as JSON") from error
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        names = {".".join(map(str, problem["loc"])) or "body" for problem in error.errors()}
        raise invalid(f"Wrong type: {', '.join(sorted(names))}") from error


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
