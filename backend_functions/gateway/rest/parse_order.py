"""Reads `order=`, `limit=` and `offset=`."""

import re

from backend_functions.gateway.rest.errors import bad_range
from backend_functions.gateway.rest.reader import Reader
from backend_functions.gateway.rest.tree import Ordering

_LARGEST = 2**63 - 1
_WORD = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"-?\d{1,19}(?=\Z)")
_SPACES = re.compile(r"\s+")
_DIRECTIONS = {"asc": False, "desc": True}
_NULLS = {"nullsfirst": True, "nullslast": False}


def parse_order(text: str) -> tuple[Ordering, ...]:
    """Return the keys to sort by, most important first.

    Raises:
        RestError: It does not parse (PGRST100).
    """
    reader = Reader("order", text)
    if reader.at_end:
        return ()
    keys = [_key(reader)]
    while reader.take(","):
        keys.append(_key(reader))
    reader.expect_end()
    return tuple(keys)


def _key(reader: Reader) -> Ordering:
    reader.match(_SPACES)
    field, embedded = reader.field(), None
    if not field.steps and reader.take("("):
        embedded, field = field.name, reader.field()
        reader.expect(")")
    descending, nulls_first = None, None
    while nulls_first is None and reader.take("."):
        start = reader.position
        word = reader.match(_WORD) or ""
        if word in _DIRECTIONS and descending is None:
            descending = _DIRECTIONS[word]
        elif word in _NULLS:
            nulls_first = _NULLS[word]
        else:
            reader.position = start
            raise reader.fail("asc, desc, nullsfirst or nullslast")
    reader.match(_SPACES)
    return Ordering(field, bool(descending), nulls_first, embedded)


def parse_count(name: str, text: str) -> int:
    """Return the number that `limit=` or `offset=` holds, at least 0.

    Raises:
        RestError: Not a number (PGRST100), or one that no page can have (PGRST103).
    """
    reader = Reader(name, text)
    digits = reader.match(_NUMBER)
    if digits is None:
        raise reader.fail("a whole number")
    number = int(digits)
    if not 0 <= number <= _LARGEST:
        raise bad_range(f"{name.capitalize()} should be greater than or equal to zero.")
    return number
