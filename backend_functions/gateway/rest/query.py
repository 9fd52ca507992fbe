"""Reads a whole query string: which parameter means what, and where its clause belongs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl

from backend_functions.gateway.rest.errors import RestError, not_served
from backend_functions.gateway.rest.parse_filters import parse_filter, parse_group
from backend_functions.gateway.rest.parse_order import parse_count, parse_order
from backend_functions.gateway.rest.parse_select import parse_select
from backend_functions.gateway.rest.reader import Reader
from backend_functions.gateway.rest.tree import (
    Clause,
    Clauses,
    Field,
    Ordering,
    Page,
    Path,
    Star,
    Tree,
)

_MAX_PARAMETERS = 1000
_WHOLE = ("select", "columns", "on_conflict")
_ONCE = ("order", "limit", "offset")
_GROUPS: dict[str, Literal["and", "or"]] = {"and": "and", "or": "or"}

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Query:
    """A query string, understood."""

    tree: Tree
    columns: tuple[str, ...] | None = None
    """Which columns a body may fill; None for whichever it has."""
    on_conflict: tuple[str, ...] = ()


@dataclass(slots=True)
class _Gathered:
    """The clauses of one table while they are being collected."""

    where: list[Clause] = field(default_factory=list)
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0

    def finish(self) -> Clauses:
        return Clauses(tuple(self.where), self.order, Page(self.limit, self.offset))


def read_pairs(raw: bytes) -> Pairs:
    """Decode a query string into its parameters, in order.

    Raises:
        RestError: Not UTF-8, more parameters than are taken, or U+0000 in one (PGRST100).
    """
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError as error:
        message = "The query string is not UTF-8, or has too many parameters"
        raise RestError("PGRST100", message) from error
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise RestError("PGRST100", "The query string holds the character U+0000")
    return pairs


def parse_query(pairs: Pairs, *, taken: Sequence[Literal["columns", "on_conflict"]]) -> Query:
    """Return what the parameters say.

    Args:
        pairs: The parameters.
        taken: Which of those about a body mean something here.

    Raises:
        RestError: One does not parse, means nothing here, or stands twice where one can count.
    """
    whole, clauses = _whole_parameters(pairs), _clauses(pairs)
    for word in whole.keys() - {"select", *taken}:
        raise not_served(f'The parameter "{word}" means nothing with this method.')
    items = parse_select(whole["select"]) if "select" in whole else (Star(),)
    columns = parse_names("columns", whole["columns"]) if whole.get("columns") else None
    conflict = parse_names("on_conflict", whole.get("on_conflict", ""))
    return Query(Tree(items, clauses), columns, conflict)


def parse_names(what: str, text: str) -> tuple[str, ...]:
    """Return the names in a list divided by commas, each once; none for an empty text."""
    reader = Reader(what, text)
    if reader.at_end:
        return ()
    names = {reader.name().strip(): None}
    while reader.take(","):
        names[reader.name().strip()] = None
    reader.expect_end()
    return tuple(names)


def _whole_parameters(pairs: Pairs) -> dict[str, str]:
    whole: dict[str, str] = {}
    for key, text in pairs:
        if key in _WHOLE:
            _refuse_second(whole, key)
            whole[key] = text
    return whole


def _clauses(pairs: Pairs) -> dict[Path, Clauses]:
    gathered: defaultdict[Path, _Gathered] = defaultdict(_Gathered)
    seen: dict[str, str] = {}
    for key, text in pairs:
        path, word, column = _split_key(key)
        if word in _ONCE:
            _refuse_second(seen, key)
            seen[key] = text
            _set_once(gathered[path], word, text)
        elif word in _GROUPS:
            negated = path[-1:] == ("not",)
            place = gathered[path[:-1] if negated else path]
            place.where.append(parse_group(_GROUPS[word], text, negated=negated))
        elif key not in _WHOLE:
            gathered[path].where.append(parse_filter(column, text))
    return {path: found.finish() for path, found in gathered.items()}


def _split_key(key: str) -> tuple[Path, str, Field]:
    """Return the embedded resources a key goes through, its last word as written, and as field."""
    reader = Reader("filter", key)
    path: list[str] = []
    while True:
        start = reader.position
        column = reader.field()
        if not reader.take("."):
            reader.expect_end()
            return tuple(path), key[start:], column
        path.append(column.name)


def _set_once(gathered: _Gathered, word: str, text: str) -> None:
    if word == "order":
        gathered.order = parse_order(text)
    elif word == "limit":
        gathered.limit = parse_count("limit", text)
    else:
        gathered.offset = parse_count("offset", text)


def _refuse_second(seen: dict[str, str], key: str) -> None:
    if key in seen:
        raise RestError("PGRST100", f'The parameter "{key}" stands in the query string twice')
