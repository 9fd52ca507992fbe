"""Filters of a subscription to changes: `column=operator.value`, several with commas. Pure.

Source: `parse_filters` of supabase/realtime (`postgres_cdc_rls/subscriptions.ex`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS = frozenset(
    ("eq", "neq", "lt", "lte", "gt", "gte", "in", "like", "ilike", "is", "match", "imatch")
) | {"isdistinct"}
_MOST = 100


class BadFilter(ValueError):
    """It cannot be read; the message says why, as the real service does."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column.

    Args:
        value: As it is read by PostgreSQL; the values of `in` are one array, `{a,"b c"}`.
        is_negated: Whether `not.` stood before the operator.
    """

    column: str
    operator: str
    value: str
    is_negated: bool = False


def parse_filters(text: str) -> tuple[Filter, ...]:
    """Return the conditions, all of which must hold; none for an empty text.

    Raises:
        BadFilter: An operator is unknown, or a condition is no condition.
    """
    if not text.strip():
        return ()
    filters = tuple(_parse_one(part.strip()) for part in _split(text.strip()))
    if len(filters) > _MOST:
        raise BadFilter(f"too many filters. Maximum {_MOST}")
    return filters


def _split(text: str) -> Iterator[str]:
    # A comma separates conditions only outside brackets and quotes. A quote opens only where a
    # value begins; inside, a backslash keeps what follows it.
    depth = start = 0
    is_quoted = is_kept = False
    before = ""
    for at, char in enumerate(text):
        if is_quoted:
            is_quoted = is_kept or char != '"'
            is_kept = char == "\\" and not is_kept
        elif char == '"':
            is_quoted = before in (".", "(", ",")
        elif char == "," and depth == 0:
            yield text[start:at]
            start, char = at + 1, ""
        else:
            depth = max(0, depth + (char == "(") - (char == ")"))
        before = char
    yield text[start:]


def _parse_one(part: str) -> Filter:
    if not part:
        raise BadFilter("filter must not contain empty segments (check for extra commas)")
    column, equals, rest = part.partition("=")
    if not equals:
        raise BadFilter(as_list(part))
    condition = rest.removeprefix("not.")
    operator, dot, value = condition.partition(".")
    if not dot:
        raise BadFilter(as_list(condition))
    if operator not in OPERATORS:
        raise BadFilter(as_list(operator, value))
    value = _array(value) if operator == "in" else _unquote(value)
    if "\0" in part:
        raise BadFilter("a filter must not contain the character 0")
    return Filter(column, operator, value, is_negated=condition != rest)


def _array(value: str) -> str:
    if len(value) < 2 or not (value.startswith("(") and value.endswith(")")):
        raise BadFilter("`in` filter value must be wrapped by parentheses")
    return "{" + value[1:-1] + "}"


def _unquote(value: str) -> str:
    """Return what stands between quotes; all of it if it is not one quoted text."""
    if not value.startswith('"'):
        return value
    content: list[str] = []
    is_kept = False
    for at, char in enumerate(value[1:], start=1):
        if char == '"' and not is_kept:
            return "".join(content) if at == len(value) - 1 else value
        is_kept = char == "\\" and not is_kept
        if not is_kept:
            content.append(char)
    return value


def as_list(*texts: str) -> str:
    """Return texts as the real service shows a list of them in its messages."""
    return json.dumps([text[:100] for text in texts], ensure_ascii=False)
