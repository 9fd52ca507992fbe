"""Renders outcomes and failures as responses: status, `Content-Range` and the other headers."""

import re
from urllib.parse import quote

import orjson
from starlette.responses import Response

from backend_functions.gateway.rest.errors import RestError, bad_range
from backend_functions.gateway.rest.execute import Outcome

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_BODILESS = frozenset((204, 304))
_NOT_THEIRS = frozenset(("content-length", "transfer-encoding", "connection"))


def content_range(first: int, count: int, total: int | None) -> str:
    """Return `first-last/total`, with stars for no rows and for a total nobody asked for."""
    rows = f"{first}-{first + count - 1}" if count > 0 and total != 0 else "*"
    return f"{rows}/{'*' if total is None else total}"


def page_status(first: int, count: int, total: int | None) -> int:
    """Return 206 for a part of a known whole, else 200.

    Raises:
        RestError: The page begins behind the end (PGRST103).
    """
    if total is None:
        return 200
    if first > total:
        raise bad_range(f"An offset of {first} was requested, but there are only {total} rows.")
    return 206 if count < total else 200


def location(table: str, body: bytes) -> dict[str, str]:
    """Return the header that tells where the one new row is; none for several rows."""
    rows = orjson.loads(body or b"[]")
    if len(rows) != 1 or not rows[0]:
        return {}
    texts = {n: "is.null" if v is None else f"eq.{v}" for n, v in rows[0].items()}
    conditions = "&".join(f"{quote(n, safe='')}={quote(t, safe='')}" for n, t in texts.items())
    return {"Location": f"/{quote(table, safe='')}?{conditions}"}


def respond(outcome: Outcome, status: int, headers: dict[str, str], *, body: bytes) -> Response:
    """Return the response, with the status and the headers that a function may have set.

    Raises:
        RestError: What the function set is not a status or not headers (PGRST112, PGRST111).
    """
    status = _own_status(outcome.status) or status
    response = Response(b"" if status in _BODILESS else body, status, headers)
    for name, value in _own_headers(outcome.headers):
        if name.lower() not in _NOT_THEIRS:
            response.headers.append(name, value)
    if status in _BODILESS:
        del response.headers["content-length"]
    return response


def _own_status(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[2-5]\d\d", text):
        raise RestError("PGRST112", "response.status guc must be a valid status code")
    return int(text)


def _own_headers(text: str | None) -> list[tuple[str, str]]:
    try:
        pairs = [pair for each in orjson.loads(text or "[]") for pair in each.items()]
        valid = all(_is_header(name, value) for name, value in pairs)
    except (ValueError, TypeError, AttributeError):
        valid, pairs = False, []
    if not valid:
        message = "response.headers guc must be a JSON array of objects with one text each"
        raise RestError("PGRST111", message)
    return pairs


def _is_header(name: str, value: str) -> bool:
    return bool(_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value))


def respond_with_error(error: RestError, *, with_body: bool) -> Response:
    """Return a failure in PostgREST's shape; without a body the code stands in a header."""
    fields = {
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "hint": error.hint,
    }
    headers = {"Content-Type": "application/json; charset=utf-8"}
    proposed = {"Proxy-Status": f"PostgREST; error={error.code}", **error.headers}
    headers |= {name: value for name, value in proposed.items() if _is_header(name, value)}
    with_body = with_body and error.status not in _BODILESS
    return Response(orjson.dumps(fields) if with_body else b"", error.status, headers)
