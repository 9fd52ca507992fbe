"""Filters of a subscription to changes: `column=operator.value`, several with commas. Pure.

A comparison is made on values, not on text: so a filter is taken only on types whose order and
equality are the same here as in PostgreSQL.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_TRUTH = {"t": True, "true": True, "f": False, "false": False}
_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), int),
    **dict.fromkeys(("numeric",), Decimal),
    **dict.fromkeys(("float4", "float8"), float),
    **dict.fromkeys(("text", "varchar", "name"), str),
    "uuid": UUID,
    "bool": _TRUTH.__getitem__,
    "date": date.fromisoformat,
    **dict.fromkeys(("timestamp", "timestamptz"), datetime.fromisoformat),
}
_ONE = re.compile(r"(?P<column>[^=,]+)=(?P<operator>\w+)\.(?P<value>.*)", re.DOTALL)
_MOST = 100


class BadFilter(ValueError):
    """It cannot be read, or not be told as PostgreSQL would; the message says which."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; the values of `in` are several, of the others one."""

    column: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoundFilter:
    """A condition whose values were read as the column's type."""

    column: str
    compare: Callable[[Any, Any], bool]
    values: tuple[Any, ...]
    read: Callable[[str], Any]

    def admits(self, row: Mapping[str, str | None]) -> bool:
        """Tell whether a row fulfils it; null and what is not known fulfil nothing."""
        text = row.get(self.column)
        if text is None:
            return False
        try:
            value = self.read(text)
        except (ValueError, ArithmeticError, KeyError):
            return False  # `infinity`, or a date that Python's calendar does not have
        return any(self.compare(value, wanted) for wanted in self.values)


def parse_filters(text: str) -> tuple[Filter, ...]:
    """Return the conditions, all of which must hold; none for an empty text.

    Raises:
        BadFilter: An operator is unknown, or a condition is no condition.
    """
    return tuple(_parse_one(part) for part in _split(text.strip()) if part)


def _split(text: str) -> list[str]:
    # A comma separates conditions only outside the brackets of `in`.
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0 and "=" in text[at:]:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _parse_one(part: str) -> Filter:
    found = _ONE.fullmatch(part)
    if found is None:
        raise BadFilter(f"Error parsing `filter` params: {part[:100]}")
    column, name, value = found["column"].strip(), found["operator"], found["value"]
    if name == "in":
        if not (value.startswith("(") and value.endswith(")")):
            raise BadFilter(f"Error parsing `filter` params: {part[:100]}")
        values = tuple(item.strip().strip('"') for item in value[1:-1].split(","))
        if len(values) > _MOST:
            raise BadFilter(f"too many values for `in` filter. Maximum {_MOST}")
        return Filter(column, name, values)
    if name not in _COMPARISONS:
        raise BadFilter(f"Error parsing `filter` params: operator {name[:20]} is not supported")
    return Filter(column, name, (value,))


def bind_filter(condition: Filter, columns: Mapping[str, str]) -> BoundFilter:
    """Return a condition ready to compare.

    Args:
        columns: The names of the columns that the caller may select, and their types.

    Raises:
        BadFilter: The column is none of them, its type has no comparison here, or the value is
            none of that type.
    """
    type_name = columns.get(condition.column)
    if type_name is None:
        raise BadFilter(f"invalid column for filter {condition.column}")
    read = _READERS.get(type_name)
    if read is None:
        raise BadFilter(f"filters on columns of type {type_name} are not supported")
    try:
        values = tuple(read(value) for value in condition.values)
    except (ValueError, ArithmeticError, KeyError) as error:
        raise BadFilter(f"invalid value for filter on {condition.column}") from error
    compare = operator.eq if condition.operator == "in" else _COMPARISONS[condition.operator]
    if type_name == "timestamptz" and any(value.tzinfo is None for value in values):
        raise BadFilter(f"the filter on {condition.column} needs a time zone")
    return BoundFilter(condition.column, compare, values, read)
