"""What ImageRouter says, byte by byte."""

import json
import time
from base64 import b64encode
from typing import Any

from tests.support.http_upstream import whole


def picture_answer(data: bytes, url: str | None = None) -> bytes:
    """The body of a success: the picture itself, or where it lies."""
    item: dict[str, Any] = {"revised_prompt": None}
    item |= {"b64_json": b64encode(data).decode()} if url is None else {"url": url}
    body = {"created": round(time.time() * 1000), "data": [item], "latency": 5, "cost": 0.004}
    return json.dumps(body).encode()


def refused(status: int, message: str, kind: str, code: str | None = None, **headers: str) -> bytes:
    """A refusal; it says the key, as careless services do."""
    error = {"message": f"{message} ({'ir' * 32})", "type": kind}
    body = {"error": error | ({"code": code} if code else {})}
    return whole(status, "application/json", json.dumps(body).encode(), **headers)


def failed_late(message: str, kind: str = "internal_error", code: str | None = None) -> bytes:
    """A failure after the head was sent: with status 200."""
    return refused(200, message, kind, code)


def asked_to_wait(seconds: str) -> bytes:
    """A refusal that says when to come again."""
    return refused(429, "rate limit exceeded", "rate_limit_error", **{"retry-after": seconds})
