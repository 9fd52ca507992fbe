"""Reads the body of a write: bounded, of a shape that a table or a function can take."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request

from backend_functions.errors import TooLarge
from backend_functions.gateway.rest.errors import bad_body
from backend_functions.gateway.rest.forms import csv_to_json, form_to_json
from backend_functions.http import read_whole

_JSON = "application/json"
MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a body: what PostgreSQL is given, and which columns they fill."""

    text: str
    """A JSON array of objects."""
    columns: tuple[str, ...]


def refuse_long_body(headers: Mapping[str, str]) -> None:
    """Refuse a body that says itself it is too long, before anything else is done.

    Raises:
        TooLarge: It is.
    """
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or int(length[:20]) > MAX_BYTES:
        raise TooLarge


async def read_body(request: Request, *, with_csv: bool = True) -> bytes:
    """Return a body as JSON, whether it came as that, as a form or as CSV.

    Raises:
        TooLarge: More than are taken.
        TooSlow: It does not come to its end.
        RestError: Another content type or encoding, or not what it says it is (PGRST102).
    """
    convert = _converter(request.headers, with_csv=with_csv)
    return convert(await read_whole(request, MAX_BYTES))


def _converter(headers: Mapping[str, str], *, with_csv: bool) -> Callable[[bytes], bytes]:
    content_type = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise bad_body("Content-Encoding not acceptable")
    if content_type == "application/x-www-form-urlencoded":
        return form_to_json
    if content_type == "text/csv" and with_csv:
        return csv_to_json
    if content_type == _JSON or content_type.startswith("application/vnd.pgrst."):
        return bytes
    raise bad_body(f"Content-Type not acceptable: {content_type}")


def parse_json(body: bytes) -> Any:
    """Return the value of a strict JSON text: no NaN, no half surrogates, no key twice, not deep.

    Raises:
        RestError: It is not that (PGRST102).
    """
    try:
        value = orjson.loads(body)
        json.loads(body, object_pairs_hook=_refuse_second_key)
    except (ValueError, RecursionError) as error:
        raise bad_body("Empty or invalid json") from error
    return value


def _refuse_second_key(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")


def parse_rows(body: bytes, columns: tuple[str, ...] | None) -> Rows:
    """Return the rows of an object or an array of objects.

    Args:
        columns: The columns to fill, where the query string names them; else the rows' own keys.

    Raises:
        RestError: Not that, or rows with different keys (PGRST102).
    """
    value, text = parse_json(body), body.decode()
    if isinstance(value, dict):
        value, text = [value], f"[{text}]"
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise bad_body("The body must be an object or an array of objects")
    return Rows(text, _common_keys(value) if columns is None else columns)


def _common_keys(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    keys = rows[0].keys() if rows else ()
    if any(row.keys() != keys for row in rows):
        raise bad_body("All object keys must match")
    return tuple(keys)


def parse_arguments(body: bytes) -> dict[str, Any]:
    """Return the named arguments of a function call; none for an empty body.

    Raises:
        RestError: Not an object (PGRST102).
    """
    value = parse_json(body) if body.strip() else {}
    if not isinstance(value, dict):
        raise bad_body("The arguments of a function must be an object")
    return value
