"""Queries that hypothesis makes, and what each must answer, worked out over the same rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

Row = dict[str, Any]
Truth = bool | None
Test = Callable[[Row], Truth]

NAMES = [
    None, "", "a", "ab", "A b", "a,b", "(a)", 'q"q', "back\\slash", "a.b", "a:b", "1%", "x_y",
    "st*r", "{a,b}", "null", "eq.a", "a&b=c", "it's", "ü😀", " a ", "+1", "%20", "a)b", "not.is",
]  # fmt: skip
THINGS: list[Row] = [
    {
        "id": number,
        "name": name,
        "n": None if number % 5 == 0 else number % 7,
        "ok": (None, True, False)[number % 3],
    }
    for number, name in enumerate(NAMES, 1)
]
PARTS: list[Row] = [
    {"id": number, "thing_id": number % 9 + 1 if number % 4 else None, "size": number % 5}
    for number in range(1, 31)
]
_ALPHABET = "ab,()\"\\.:*%_{}'&=+ ü1nul"


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, as it stands in a query string, and whether it holds for a row."""

    key: str
    alone: str
    """What follows `key=`, where it is a parameter of its own."""
    grouped: str
    """The same inside parentheses."""
    holds: Test


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def all_of(truths: list[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def any_of(truths: list[Truth]) -> Truth:
    return _not(all_of([_not(truth) for truth in truths]))


def _part(column: str, operator: str, plain: str, inside: str, holds: Test, negated: bool) -> Part:
    prefix = "not." if negated else ""
    alone, grouped = f"{prefix}{operator}.{plain}", f"{column}.{prefix}{operator}.{inside}"
    return Part(column, alone, grouped, lambda row: _not(holds(row)) if negated else holds(row))


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "neq": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "gte": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "lte": lambda a, b: bool(a <= b),
}


def _comparison(column: str, operator: str, value: Any, negated: bool) -> Part:
    def holds(row: Row) -> Truth:
        mine = row[column]
        return None if mine is None else _COMPARED[operator](mine, value)

    text = str(value)
    return _part(column, operator, text, quoted(text), holds, negated)


def _distinct(column: str, value: Any, negated: bool) -> Part:
    text = str(value)
    return _part(
        column, "isdistinct", text, quoted(text), lambda row: bool(row[column] != value), negated
    )


def _like(operator: str, pattern: str, negated: bool) -> Part:
    expression = "".join(".*" if c in "*%" else "." if c == "_" else re.escape(c) for c in pattern)
    flags = re.DOTALL | (re.IGNORECASE if operator == "ilike" else 0)

    def holds(row: Row) -> Truth:
        mine = row["name"]
        return None if mine is None else bool(re.fullmatch(expression, mine, flags))

    return _part("name", operator, pattern, quoted(pattern), holds, negated)


def _listed(column: str, values: list[Any], negated: bool) -> Part:
    def holds(row: Row) -> Truth:
        mine = row[column]
        if not values:
            return False
        return None if mine is None else mine in values

    text = "(" + ",".join(quoted(str(value)) for value in values) + ")"
    return _part(column, "in", text, text, holds, negated)


def _quantified(operator: str, some: bool, values: list[int], negated: bool) -> Part:
    def holds(row: Row) -> Truth:
        compared: list[Truth] = [
            None if row["n"] is None else _COMPARED[operator](row["n"], value) for value in values
        ]
        return any_of(compared) if some else all_of(compared)

    text = "{" + ",".join(map(str, values)) + "}"
    return _part("n", f"{operator}({'any' if some else 'all'})", text, text, holds, negated)


_TRUTHS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "not_null": lambda value: value is not None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "unknown": lambda value: value is None,
}


def _is(column: str, word: str, negated: bool) -> Part:
    return _part(column, "is", word, word, lambda row: _TRUTHS[word.lower()](row[column]), negated)


_numbers = st.integers(-1, 8)
_texts = st.sampled_from([name for name in NAMES if name is not None]) | st.text(
    _ALPHABET, max_size=4
)
_patterns = st.text("ab*_ ,()q1", max_size=5)
_negated = st.booleans()
_conditions = st.one_of(
    st.builds(_comparison, st.just("n"), st.sampled_from(list(_COMPARED)), _numbers, _negated),
    st.builds(_comparison, st.just("name"), st.sampled_from(("eq", "neq")), _texts, _negated),
    st.builds(_distinct, st.just("n"), _numbers, _negated),
    st.builds(_distinct, st.just("name"), _texts, _negated),
    st.builds(_like, st.sampled_from(("like", "ilike")), _patterns, _negated),
    st.builds(_listed, st.just("n"), st.lists(_numbers, max_size=3), _negated),
    st.builds(_listed, st.just("name"), st.lists(_texts, max_size=3), _negated),
    st.builds(
        _quantified,
        st.sampled_from(("eq", "gt", "gte", "lt", "lte")),
        st.booleans(),
        st.lists(_numbers, max_size=3),
        _negated,
    ),
    st.builds(_is, st.just("ok"), st.sampled_from([*_TRUTHS, "NULL", "True"]), _negated),
    st.builds(_is, st.sampled_from(("n", "name")), st.sampled_from(("null", "not_null")), _negated),
)


def _group(kind: str, members: list[Part], negated: bool) -> Part:
    inside = "(" + ",".join(member.grouped for member in members) + ")"
    join = all_of if kind == "and" else any_of

    def holds(row: Row) -> Truth:
        found = join([member.holds(row) for member in members])
        return _not(found) if negated else found

    word = f"not.{kind}" if negated else kind
    return Part(word, inside, word + inside, holds)


_groups = st.recursive(
    _conditions,
    lambda inner: st.builds(
        _group, st.sampled_from(("and", "or")), st.lists(inner, min_size=1, max_size=3), _negated
    ),
    max_leaves=6,
)

SHOWN: dict[str, tuple[str, Callable[[Row], Any]]] = {
    "id": ("id", lambda row: row["id"]),
    "name": ("name", lambda row: row["name"]),
    "n": ("n", lambda row: row["n"]),
    "ok": ("ok", lambda row: row["ok"]),
    "short:name": ("short", lambda row: row["name"]),
    '"a,b":n': ("a,b", lambda row: row["n"]),
    "t:id::text": ("t", lambda row: str(row["id"])),
    "j->k": ("k", lambda row: row["id"] * 2),
    "w:j->l->>0": ("w", lambda row: str(row["id"])),
}


@dataclass(frozen=True, slots=True)
class Embedding:
    """`parts` in each thing: which, in which order, how many, and what of things without any."""

    kind: str
    least: int
    descending: bool
    limit: int | None

    def of(self, thing: Row) -> list[Row]:
        found = [p for p in PARTS if p["thing_id"] == thing["id"] and p["size"] >= self.least]
        found.sort(key=lambda part: part["id"], reverse=self.descending)
        return [{"size": part["size"]} for part in found[: self.limit]]

    def keeps(self, thing: Row) -> bool:
        return {"inner": bool(self.of(thing)), "none": not self.of(thing)}.get(self.kind, True)


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query string and its answer."""

    where: list[Part]
    shown: list[str]
    order: list[tuple[str, bool, bool | None]]
    limit: int | None
    offset: int
    embedding: Embedding | None

    def text(self) -> str:
        pairs = [(part.key, part.alone) for part in self.where]
        shown = list(self.shown)
        if self.embedding is not None:
            shown.append("parts!inner(size)" if self.embedding.kind == "inner" else "parts(size)")
            pairs += self._embedded_pairs(self.embedding)
        pairs.append(("select", ",".join(shown)))
        keys = [
            f"{column}.{'desc' if descending else 'asc'}"
            + {None: "", True: ".nullsfirst", False: ".nullslast"}[nulls_first]
            for column, descending, nulls_first in self.order
        ]
        pairs.append(("order", ",".join([*keys, "id"])))
        pairs += [("limit", str(self.limit))] if self.limit is not None else []
        pairs += [("offset", str(self.offset))] if self.offset else []
        return urlencode(pairs)

    @staticmethod
    def _embedded_pairs(embedding: Embedding) -> list[tuple[str, str]]:
        pairs = [("parts.size", f"gte.{embedding.least}")]
        pairs.append(("parts.order", "id.desc" if embedding.descending else "id"))
        pairs += [("parts", "is.null")] if embedding.kind == "none" else []
        pairs += [("parts.limit", str(embedding.limit))] if embedding.limit is not None else []
        return pairs

    def kept(self) -> list[Row]:
        found = [t for t in THINGS if all_of([part.holds(t) for part in self.where]) is True]
        if self.embedding is not None:
            found = [thing for thing in found if self.embedding.keeps(thing)]
        return found

    def answer(self) -> list[Row]:
        found = sorted(self.kept(), key=lambda row: int(row["id"]))
        for key in reversed(self.order):
            found.sort(key=cmp_to_key(_compare(*key)))
        end = None if self.limit is None else self.offset + self.limit
        return [self._show(thing) for thing in found[self.offset : end]]

    def _show(self, thing: Row) -> Row:
        row = {SHOWN[item][0]: SHOWN[item][1](thing) for item in self.shown}
        if self.embedding is not None:
            row["parts"] = self.embedding.of(thing)
        return row


def _compare(column: str, descending: bool, nulls_first: bool | None) -> Callable[[Row, Row], int]:
    first = descending if nulls_first is None else nulls_first

    def compare(one: Row, other: Row) -> int:
        a, b = one[column], other[column]
        if a is None or b is None:
            side = (a is None) - (b is None)
            return -side if first else side
        return int((a > b) - (a < b)) * (-1 if descending else 1)

    return compare


_embeddings = st.builds(
    Embedding,
    st.sampled_from(("left", "inner", "none")),
    st.integers(0, 5),
    st.booleans(),
    st.none() | st.integers(0, 2),
)
queries = st.builds(
    Query,
    where=st.lists(_groups, max_size=3),
    shown=st.lists(st.sampled_from(list(SHOWN)), min_size=1, unique=True),
    order=st.lists(
        st.tuples(
            st.sampled_from(("n", "ok")), st.booleans(), st.sampled_from((None, True, False))
        ),
        max_size=2,
        unique_by=lambda key: key[0],
    ),
    limit=st.none() | st.integers(0, 30),
    offset=st.integers(0, 5),
    embedding=st.none() | _embeddings,
)

_WORDS = [
    "select", "order", "limit", "offset", "and", "or", "not", "id", "name", "n", "ok", "j", "parts",
    "things", "thing_id", "size", "count", "eq", "neq", "gt", "like", "ilike", "match", "imatch",
    "in", "is", "isdistinct", "fts", "plfts(english)", "phfts", "wfts(x)", "cs", "cd", "ov", "sl",
    "adj", "(any)", "(all)", "null", "true", "desc", "asc", "nullsfirst", "!inner", "!left",
    "!fkey", "!", "...", "(", ")", ",", ".", ":", "::", "->", "->>", "*", "{", "}", "[", "]", '"',
    "\\", "'", "%", " ", "&", "=", "0", "1", "-1", "99999999999999999999", "1.5", "NaN", "\0",
    "\ud7ff", "😀", "text", "int", "int[]", "regclass", "jsonb", "uuid", "tsvector", "numrange",
    "sum()", "columns", "on_conflict", "a", "[1,2)", "{1,2}", "2020-01-01", "x" * 70, "ctid",
]  # fmt: skip
_noise = st.lists(st.sampled_from(_WORDS), max_size=8).map("".join)
_half_right = st.one_of(
    st.tuples(st.just("select"), _noise),
    st.tuples(st.just("order"), _noise),
    st.tuples(st.sampled_from(("and", "or", "parts.or")), _noise.map(lambda text: f"({text})")),
    st.tuples(
        st.sampled_from(("id", "name", "n", "j->k", "parts.size", "parts")),
        st.builds("{}.{}".format, st.sampled_from(_WORDS[17:36]), _noise),
    ),
    st.tuples(_noise, _noise),
)
mangled = st.lists(_half_right, max_size=4).map(urlencode)
