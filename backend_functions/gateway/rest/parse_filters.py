"""Reads filters: `column=operator.value`, and the conditions inside `and=(…)` and `or=(…)`.

A value that stands alone in its parameter is taken as it is, to the end. Inside parentheses it
ends at `,` or `)` unless it is quoted or an array in braces.
"""

import re
from typing import Literal, cast, get_args

from backend_functions.gateway.rest.reader import Reader
from backend_functions.gateway.rest.tree import Clause, Condition, Field, Group, Operator

_MAX_DEPTH = 30
_OPERATOR = re.compile(r"[a-z]+")
_OPERATORS = frozenset(get_args(Operator))
_QUANTIFIABLE = frozenset(("eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"))
_SEARCHES = frozenset(("fts", "plfts", "phfts", "wfts"))
_MODIFIER = re.compile(r"\((\w+)\)")
_PLAIN = re.compile(r"[^,)]*")
_ARRAY = re.compile(r'\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}(?=[,)]|\Z)', re.DOTALL)
_GROUP = re.compile(r"(not\.)?(and|or)(?=\()")
_TRUTHS = frozenset(("null", "not_null", "true", "false", "unknown"))
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"\w+")

Quantifier = Literal["any", "all"] | None


def parse_filter(field: Field, text: str) -> Condition:
    """Return the condition that `field=text` states.

    Raises:
        RestError: It does not parse (PGRST100).
    """
    reader = Reader("filter", text)
    condition = _condition(reader, field, alone=True)
    reader.expect_end()
    return condition


def parse_group(kind: Literal["and", "or"], text: str, *, negated: bool) -> Group:
    """Return the group that `and=text` or `or=text` states.

    Raises:
        RestError: It does not parse (PGRST100).
    """
    reader = Reader("logic tree", text)
    members = _members(reader, depth=0)
    reader.expect_end()
    return Group(kind, members, negated)


def _members(reader: Reader, depth: int) -> tuple[Clause, ...]:
    if depth > _MAX_DEPTH:
        raise reader.fail("fewer levels of conditions")
    reader.expect("(")
    members: list[Clause] = []
    while True:
        reader.match(_SPACES)
        members.append(_member(reader, depth))
        reader.match(_SPACES)
        if not reader.take(","):
            break
    reader.expect(")")
    return tuple(members)


def _member(reader: Reader, depth: int) -> Clause:
    group = reader.match(_GROUP)
    if group is not None:
        kind: Literal["and", "or"] = "and" if group.endswith("and") else "or"
        return Group(kind, _members(reader, depth + 1), group.startswith("not."))
    field = reader.field()
    reader.expect(".")
    return _condition(reader, field, alone=False)


def _condition(reader: Reader, field: Field, *, alone: bool) -> Condition:
    negated = reader.take("not.")
    operator = _operator(reader)
    quantifier, language = _modifier(reader, operator)
    reader.expect(".")
    if operator == "in":
        values = _list(reader)
    elif operator == "is":
        values = (_truth(reader),)
    else:
        values = (_rest(reader) if alone else _value(reader, arrays=True),)
    return Condition(field, operator, values, negated, quantifier, language)


def _operator(reader: Reader) -> Operator:
    start = reader.position
    operator = reader.match(_OPERATOR)
    if operator not in _OPERATORS:
        reader.position = start
        raise reader.fail("operator (eq, gt, ...)")
    return cast("Operator", operator)


def _modifier(reader: Reader, operator: Operator) -> tuple[Quantifier, str | None]:
    start = reader.position
    modifier = reader.match(_MODIFIER)
    if modifier is None:
        return None, None
    word = modifier[1:-1]
    if operator in _SEARCHES:
        return None, word
    if operator in _QUANTIFIABLE and word in ("any", "all"):
        return cast("Quantifier", word), None
    reader.position = start
    raise reader.fail('"."')


def _truth(reader: Reader) -> str:
    start = reader.position
    word = (reader.match(_WORD) or "").lower()
    if word not in _TRUTHS:
        reader.position = start
        raise reader.fail("null, not_null, true, false or unknown")
    return word


def _list(reader: Reader) -> tuple[str, ...]:
    reader.expect("(")
    if reader.take(")"):
        return ()
    values = []
    while True:
        values.append(_value(reader, arrays=False))
        if not reader.take(","):
            break
    reader.expect(")")
    return tuple(values)


def _value(reader: Reader, *, arrays: bool) -> str:
    start = reader.position
    quoted = reader.quoted()
    if quoted is not None and (reader.at_end or reader.peek(",") or reader.peek(")")):
        return quoted
    reader.position = start
    if arrays and (array := reader.match(_ARRAY)) is not None:
        return array
    return reader.match(_PLAIN) or ""


def _rest(reader: Reader) -> str:
    rest = reader.text[reader.position :]
    reader.position = len(reader.text)
    return rest
