"""How tables hang together, as far as one can be embedded in another.

Source: https://docs.postgrest.org/en/latest/references/api/resource_embedding.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

from backend_functions.gateway.rest.catalogue import Catalogue, ForeignKey, nearest
from backend_functions.gateway.rest.errors import (
    RestError,
    ambiguous_relationship,
    unknown_relationship,
)

Cardinality = Literal["many-to-one", "one-to-many", "one-to-one", "many-to-many"]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between two others, and both of its keys."""

    table: str
    names: Pair
    to_origin: tuple[Pair, ...]
    """Columns of the origin, each with the junction's that equals it."""
    to_target: tuple[Pair, ...]
    """Columns of the junction, each with the target's that equals it."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """One way from a row of `origin` to rows of `target`."""

    origin: str
    target: str
    cardinality: Cardinality
    key: str
    """The foreign key's name; the junction's where there is one."""
    pairs: tuple[Pair, ...] = ()
    """Columns of the origin, each with the target's that equals it."""
    junction: Junction | None = None
    is_computed: bool = False
    """Whether `key` is a function that takes the origin's row and returns the target's."""

    @property
    def is_to_one(self) -> bool:
        """Whether a row of the origin has at most one of the target."""
        return self.cardinality in ("many-to-one", "one-to-one")

    @property
    def origin_columns(self) -> tuple[str, ...]:
        """Which columns of the origin it takes to follow it."""
        pairs = self.pairs if self.junction is None else self.junction.to_origin
        return tuple(mine for mine, _ in pairs)

    def is_meant(self, name: str, hint: str | None, *, is_to_view: bool) -> bool:
        """Say whether `name!hint` means this relationship; a key's name alone means its table."""
        mine, theirs = self._single_columns()
        if self.origin == self.target:
            if hint is None:
                by_table = name == self.target and self.cardinality == "one-to-many"
                return by_table or (name == mine and self.cardinality == "many-to-one")
            return name == self.target and self.cardinality == "one-to-many" and hint == theirs
        if hint is None:
            names_key = self.junction is None and not is_to_view
            return name == self.target or (names_key and name in (self.key, mine))
        return name == self.target and hint in (self.key, mine, theirs)

    def _single_columns(self) -> tuple[str | None, str | None]:
        return self.pairs[0] if len(self.pairs) == 1 else (None, None)

    def described(self) -> dict[str, str]:
        """Return what a caller is told of it who has to choose."""
        if self.junction is None:
            mine = ", ".join(mine for mine, _ in self.pairs)
            theirs = ", ".join(theirs for _, theirs in self.pairs)
            how = f"{self.key} using {self.origin}({mine}) and {self.target}({theirs})"
        else:
            first, second = self.junction.names
            mine = ", ".join(theirs for _, theirs in self.junction.to_origin)
            theirs = ", ".join(mine for mine, _ in self.junction.to_target)
            how = f"{self.key} using {first}({mine}) and {second}({theirs})"
        return {
            "cardinality": self.cardinality,
            "embedding": f"{self.origin} with {self.target}",
            "relationship": how,
        }


def find_relationship(
    catalogue: Catalogue, origin: str, name: str, hint: str | None
) -> Relationship:
    """Return the one relationship that `name!hint` means, seen from `origin`.

    Raises:
        UnknownName: There is none (PGRST200).
        RestError: There are several (PGRST201).
    """
    computed = _computed(catalogue, origin, name)
    if computed is not None:
        return computed
    known = list(_relationships(catalogue, origin))
    views = {each.name for each in catalogue.relations.values() if each.is_view}
    found = [each for each in known if each.is_meant(name, hint, is_to_view=each.target in views)]
    if not found:
        like = nearest(name, {each.target for each in known} - {name})
        raise unknown_relationship(origin, name, hint, like)
    if len(found) > 1:
        raise _ambiguous(origin, name, found)
    return found[0]


def _computed(catalogue: Catalogue, origin: str, name: str) -> Relationship | None:
    """Return the way a function makes, which stands before any that keys make."""
    for function in catalogue.functions.get(name, ()):
        target = function.result_type
        if function.takes_row_of() != origin or target.schema != "public":
            continue
        if target.name in catalogue.relations:
            many = function.returns_set and not function.returns_one
            kind: Cardinality = "one-to-many" if many else "many-to-one"
            return Relationship(origin, target.name, kind, name, is_computed=True)
    return None


def _ambiguous(origin: str, name: str, found: list[Relationship]) -> RestError:
    found.sort(key=lambda each: (each.cardinality, each.key))
    hints = ", ".join(f"'{each.target}!{each.key}'" for each in found)
    return ambiguous_relationship(origin, name, [each.described() for each in found], hints)


def _relationships(catalogue: Catalogue, origin: str) -> Iterator[Relationship]:
    for key in catalogue.foreign_keys:
        if key.source == origin:
            kind: Cardinality = "one-to-one" if key.is_unique else "many-to-one"
            pairs = tuple(zip(key.source_columns, key.target_columns, strict=True))
            yield Relationship(origin, key.target, kind, key.name, pairs)
        if key.target == origin:
            kind = "one-to-one" if key.is_unique else "one-to-many"
            pairs = tuple(zip(key.target_columns, key.source_columns, strict=True))
            yield Relationship(origin, key.source, kind, key.name, pairs)
    many = [key for key in catalogue.foreign_keys if not key.is_unique]
    for mine, theirs in product([key for key in many if key.target == origin], many):
        if mine.source == theirs.source and mine.name != theirs.name:
            yield from _through(catalogue, origin, mine, theirs)


def _through(
    catalogue: Catalogue, origin: str, mine: ForeignKey, theirs: ForeignKey
) -> Iterator[Relationship]:
    """Yield the way through a table whose primary key holds both foreign keys."""
    relation = catalogue.relations.get(mine.source)
    if relation is None or not {*mine.source_columns, *theirs.source_columns} <= {
        *relation.primary_key
    }:
        return
    junction = Junction(
        relation.name,
        (mine.name, theirs.name),
        tuple(zip(mine.target_columns, mine.source_columns, strict=True)),
        tuple(zip(theirs.source_columns, theirs.target_columns, strict=True)),
    )
    yield Relationship(origin, theirs.target, "many-to-many", relation.name, junction=junction)
