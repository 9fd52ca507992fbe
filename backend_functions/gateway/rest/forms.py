"""Turns bodies that are not JSON into it: CSV with a header, and what an HTML form sends."""

import csv
import io
from urllib.parse import parse_qsl

import orjson

from backend_functions.gateway.rest.errors import bad_body

_MOST_FIELDS = 1000


def csv_to_json(body: bytes) -> bytes:
    """Return the rows of a CSV as an array of objects; a bare NULL is null, all else a text.

    Raises:
        RestError: Not UTF-8, no header, a name twice, or lines of different lengths (PGRST102).
    """
    try:
        lines = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    except (ValueError, csv.Error) as error:
        raise bad_body(f"The body is not CSV: {error}") from error
    header, *rows = [line for line in lines if line] or [[]]
    if not header or len(set(header)) != len(header):
        raise bad_body("The first line of a CSV must name each column once")
    if any(len(row) != len(header) for row in rows):
        raise bad_body("All lines must have same number of fields")
    texts = [[None if text == "NULL" else text for text in row] for row in rows]
    return orjson.dumps([dict(zip(header, row, strict=True)) for row in texts])


def form_to_json(body: bytes) -> bytes:
    """Return the fields of an urlencoded form as one object of texts.

    Raises:
        RestError: Not UTF-8, too many fields, or one twice (PGRST102).
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise bad_body("The body is not an urlencoded form") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise bad_body("A field stands twice in the form")
    return orjson.dumps(dict(pairs))
