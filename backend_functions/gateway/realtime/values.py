"""Values as PostgreSQL writes them, as the JSON a client gets. Pure.

They come out as `to_jsonb` would give them, which is what the real service does.
"""

import re
from typing import Any

import orjson

_NUMBERS = {"int2", "int4", "int8", "oid", "float4", "float8", "numeric"}
_JSON = {"json", "jsonb"}
_OFFSET = re.compile(r"([+-]\d\d)(:?)(\d\d)?$")
_FINITE = re.compile(r"-?[\d.]+([eE][+-]?\d+)?")


def to_json(text: str | None, type_name: str) -> Any:
    """Return a value for `orjson`.

    Args:
        text: As PostgreSQL writes it, with dates in ISO form.
        type_name: The base type, as `pg_type` names it: an array's begins with `_`.
    """
    if text is None:
        return None
    if type_name.startswith("_"):
        return [_element(item, type_name[1:]) for item in parse_array(text)]
    if type_name == "bool":
        return text == "t"
    if type_name in _JSON:
        return orjson.Fragment(text)
    if type_name in _NUMBERS:
        return orjson.Fragment(text) if _FINITE.fullmatch(text) else text
    if type_name in ("timestamp", "timestamptz"):
        return _moment(text, with_zone=type_name == "timestamptz")
    return text


def _element(item: Any, type_name: str) -> Any:
    if isinstance(item, list):
        return [_element(inner, type_name) for inner in item]
    return to_json(item, type_name)


def _moment(text: str, *, with_zone: bool) -> str:
    if with_zone:
        text = _OFFSET.sub(lambda found: f"{found[1]}:{found[3] or '00'}", text)
    return text.replace(" ", "T", 1)


def parse_array(text: str) -> list[Any]:
    """Return the elements of an array's text form: strings, None, or lists of them.

    Raises:
        ValueError: It is no such text.
    """
    body = text[text.index("{") :]  # `[0:1]={…}` tells bounds first
    found: list[list[Any]] = [[]]
    item: str | None = None
    is_quoted = False
    at = 0
    while at < len(body):
        char = body[at]
        if char == "{":
            found.append([])
        elif char == '"':
            item, at = _quoted(body, at)
            is_quoted = True
        elif char in ",}":
            if item is not None:
                found[-1].append(None if item == "NULL" and not is_quoted else item)
            item, is_quoted = None, False
            if char == "}":
                done = found.pop()
                found[-1].append(done)
        else:
            item = (item or "") + char
        at += 1
    if len(found) != 1 or len(found[0]) != 1:
        raise ValueError("not an array")
    elements: list[Any] = found[0][0]
    return elements


def _quoted(body: str, at: int) -> tuple[str, int]:
    item: list[str] = []
    at += 1
    while body[at] != '"':
        if body[at] == "\\":
            at += 1
        item.append(body[at])
        at += 1
    return "".join(item), at
