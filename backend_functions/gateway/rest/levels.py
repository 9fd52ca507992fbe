"""Resolves a tree against the catalogue: which table each level of the answer reads, how it hangs
on the level above, and which clauses are its own."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from backend_functions.gateway.rest.catalogue import Catalogue, Relation
from backend_functions.gateway.rest.errors import RestError, embedded_twice, not_embedded
from backend_functions.gateway.rest.fragments import Scope
from backend_functions.gateway.rest.relationships import Relationship, find_relationship
from backend_functions.gateway.rest.tree import (
    Clauses,
    Embedded,
    Field,
    Item,
    Page,
    Path,
    Selected,
    Star,
    Tree,
)

_NOTHING: Mapping[Path, Clauses] = {}


@dataclass(frozen=True, slots=True)
class Child:
    """A resource embedded in a level."""

    asked: Embedded
    relationship: Relationship
    level: "Level"
    alias: str
    """What its rows are called beside the rows they are embedded in."""


@dataclass(frozen=True, slots=True)
class Level:
    """Rows of one table, and what is shown of them."""

    scope: Scope
    columns: tuple[Star | Selected, ...]
    children: tuple[Child, ...]
    clauses: Clauses

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is shown, so that it only narrows the level above."""
        return not self.columns and all(child.level.is_empty for child in self.children)

    def names(self) -> Iterator[str]:
        """Yield what the columns of a row are called, in order."""
        for item in self.columns:
            match item:
                case Star():
                    yield from self.scope.relation.columns
                case Selected():
                    yield item.alias or default_alias(item.field)
                case _:
                    assert_never(item)
        for child in self.children:
            if child.asked.spread:
                yield from child.level.names()
            elif not child.level.is_empty:
                yield child.asked.name


def default_alias(place: Field) -> str:
    """Return what a result column is called that was not renamed: its last key, or the column."""
    keys = [step.key for step in place.steps if isinstance(step.key, str)]
    return keys[-1] if keys else place.name


def resolve(catalogue: Catalogue, relation: Relation, tree: Tree) -> Level:
    """Return the levels of a tree, from the one that was asked for down.

    Raises:
        UnknownName: An embedded resource has no relationship to the one around it (PGRST200).
        RestError: It has several (PGRST201), or a clause is about a resource that is not embedded
            (PGRST108) or that cannot sort (PGRST118), or two of them have one name (42712).
    """
    return _level(catalogue, relation, tree.items, tree.clauses, ())


def _level(
    catalogue: Catalogue,
    relation: Relation,
    items: tuple[Item, ...],
    clauses: Mapping[Path, Clauses],
    above: tuple[str, ...],
) -> Level:
    alias = _alias(relation.name, above)
    asked = [item for item in items if isinstance(item, Embedded)]
    _refuse_twins(relation.name, [item.name for item in asked], depth=len(above) + 1)
    own = _by_child(clauses, asked)
    children = []
    for number, item in enumerate(asked):
        way = find_relationship(catalogue, relation.name, item.relation, item.hint)
        target = catalogue.relation(way.target)
        level = _level(catalogue, target, item.items, own.get(number, _NOTHING), (*above, alias))
        children.append(Child(item, way, level, f"rest_embedded_{number}"))
    found = clauses.get((), Clauses())
    _refuse_order(relation.name, found, children)
    embedded = {child.asked.name: child.alias for child in reversed(children)}
    columns = tuple(item for item in items if not isinstance(item, Embedded))
    return Level(Scope(relation, alias, embedded), columns, tuple(children), found)


def _refuse_twins(origin: str, names: list[str], depth: int) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise embedded_twice(origin, name, depth)


def _alias(name: str, above: tuple[str, ...]) -> str:
    """Return a name for the rows of a table that hides no level above."""
    if not above:
        return name
    # PostgreSQL cuts names at 63 bytes.
    alias = f"{name.encode()[:40].decode(errors='ignore')}_{len(above)}"
    while alias in above:
        alias += "_"
    return alias


def _by_child(
    clauses: Mapping[Path, Clauses], asked: list[Embedded]
) -> dict[int, dict[Path, Clauses]]:
    own: defaultdict[int, dict[Path, Clauses]] = defaultdict(dict)
    for path, found in clauses.items():
        if path:
            place = own[_number(path[0], asked)]
            place[path[1:]] = _joined(place.get(path[1:], Clauses()), found)
    return own


def _number(name: str, asked: list[Embedded]) -> int:
    """Return which child a clause names: by its name in the answer, else by that of its table."""
    for names in ([item.name for item in asked], [item.relation for item in asked]):
        if name in names:
            return names.index(name)
    raise not_embedded(name)


def _joined(first: Clauses, second: Clauses) -> Clauses:
    page = second.page if first.page == Page() else first.page
    return Clauses(first.where + second.where, first.order or second.order, page)


def _refuse_order(origin: str, clauses: Clauses, children: list[Child]) -> None:
    for key in clauses.order:
        if key.embedded is None:
            continue
        child = next((child for child in children if child.asked.name == key.embedded), None)
        if child is None:
            raise not_embedded(key.embedded)
        if not child.relationship.is_to_one:
            raise RestError(
                "PGRST118",
                f"A related order on '{key.embedded}' is not possible",
                details=f"'{origin}' and '{key.embedded}' do not form a many-to-one or"
                " one-to-one relationship",
            )
