"""Keys of views: PostgreSQL has none, so those of the table columns that a view shows stand in.

Which columns these are stands in the view's stored rule alone, whose text is a tree of nodes
`{NAME :field value …}`: the outermost query's target entries name the column each one comes from.

Source: https://docs.postgrest.org/en/latest/references/api/resource_embedding.html#foreign-key-joins-on-views
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from backend_functions.gateway.rest.catalogue import ForeignKey

Place = tuple[int, int]
"""A column of any relation, by the relation's oid and the column's number."""

_TARGET_ENTRY_DEPTH = 2
# What a name holds of braces, blanks and backslashes is escaped by a backslash each.
_TOKENS = re.compile(
    r"\\.|(?P<open>\{)|(?P<close>\})"
    r"|:resno (?P<number>\d+) |:resorigtbl (?P<table>\d+) :resorigcol (?P<column>\d+) ",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class View:
    """A view of any schema."""

    oid: int
    name: str | None
    """None where it is outside schema public, so that requests cannot name it."""
    columns: Mapping[int, str]
    """Names by number."""
    rule: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A foreign key by places; its `key` names what of it lies in schema public."""

    key: ForeignKey
    source: tuple[Place, ...]
    target: tuple[Place, ...]
    is_source_public: bool
    is_target_public: bool

    def in_public(self) -> Iterator[ForeignKey]:
        """Yield the key itself, if requests can name both of its tables."""
        if self.is_source_public and self.is_target_public:
            yield self.key


Shown = Mapping[str, Mapping[Place, tuple[str, ...]]]
"""For each view of schema public, the columns of tables it shows and the names they have there."""


def shown_columns(views: Iterable[View]) -> Shown:
    """Return what each view shows of tables, through however many other views."""
    every = tuple(views)
    origins = {
        (view.oid, number): place for view in every for number, place in parse_origins(view.rule)
    }
    shown: defaultdict[str, defaultdict[Place, tuple[str, ...]]]
    shown = defaultdict(lambda: defaultdict(tuple))
    for view in every:
        for number, name in view.columns.items():
            place = _follow(origins, (view.oid, number))
            if place is not None and view.name is not None:
                shown[view.name][place] += (name,)
    return shown


def parse_origins(rule: str) -> Iterator[tuple[int, Place]]:
    """Yield the columns of a view that are plainly another relation's: number, and which one."""
    depth, number = 0, 0
    for token in _TOKENS.finditer(rule):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif depth == _TARGET_ENTRY_DEPTH and token["number"]:
            number = int(token["number"])
        elif depth == _TARGET_ENTRY_DEPTH and token["table"] not in (None, "0"):
            yield number, (int(token["table"]), int(token["column"]))


def _follow(origins: Mapping[Place, Place], place: Place) -> Place | None:
    """Return the table's column behind a view's, None where there is none or views go in a ring."""
    seen: set[Place] = set()
    while place in origins and place not in seen:
        seen.add(place)
        place = origins[place]
    return None if place in seen or not seen else place


def keys_with_views(keys: Iterable[StoredKey], shown: Shown) -> Iterator[ForeignKey]:
    """Yield every foreign key, and each once more for every view that shows all of one end."""
    for stored in keys:
        yield from stored.in_public()
        sources = list(_ends(stored.source, shown))
        targets = list(_ends(stored.target, shown))
        key = stored.key
        for view, columns in sources if stored.is_target_public else ():
            yield replace(key, source=view, source_columns=columns)
        for view, columns in targets if stored.is_source_public else ():
            yield replace(key, target=view, target_columns=columns)
        for (view, columns), (target, target_columns) in product(sources, targets):
            yield ForeignKey(key.name, view, columns, target, target_columns, key.is_unique)


def _ends(places: tuple[Place, ...], shown: Shown) -> Iterator[tuple[str, tuple[str, ...]]]:
    for view, columns in shown.items():
        for names in product(*(columns.get(place, ()) for place in places)):
            yield view, names


def primary_key_of(view: str, keys: Iterable[tuple[Place, ...]], shown: Shown) -> tuple[str, ...]:
    """Return the names that a table's whole primary key has in a view; nothing if it shows none."""
    columns = shown.get(view, {})
    whole = [key for key in keys if all(place in columns for place in key)]
    return tuple(columns[place][0] for key in whole for place in key)
