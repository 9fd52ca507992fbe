"""What a request asks for, as plain data: parsers make it, builders turn it into SQL.

Clauses are kept by path, `()` for the table that was asked for and `("messages",)` for a resource
embedded in it, so that a builder finds the clauses of a nested resource where it needs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Path = tuple[str, ...]
"""The names of embedded resources on the way down from the table that was asked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step into a JSON value: a key or an index."""

    key: str | int
    as_text: bool
    """Whether it was written `->>`: the result is text, not JSON."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a place inside a JSON column."""

    name: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Star:
    """Every column."""


@dataclass(frozen=True, slots=True)
class Selected:
    """One column of the result."""

    field: Field
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Embedded:
    """Another table's rows, nested in each row of the result."""

    relation: str
    items: tuple["Item", ...]
    alias: str | None = None
    hint: str | None = None
    inner: bool = False
    spread: bool = False
    """Whether its columns stand among those of the row around it."""

    @property
    def name(self) -> str:
        """What it is called in the answer and in other clauses."""
        return self.alias or self.relation


Item = Star | Selected | Embedded

Operator = Literal[
    "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is",
    "isdistinct", "fts", "plfts", "phfts", "wfts", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl",
    "adj",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a field with what the caller gave; `values` has one entry but for `in`."""

    field: Field
    operator: Operator
    values: tuple[str, ...]
    negated: bool = False
    quantifier: Literal["any", "all"] | None = None
    language: str | None = None
    """The text search configuration of the `fts` family."""


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all (`and`) or at least one (`or`) must hold."""

    kind: Literal["and", "or"]
    members: tuple["Clause", ...]
    negated: bool = False


Clause = Condition | Group


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key to sort by."""

    field: Field
    descending: bool = False
    nulls_first: bool | None = None
    embedded: str | None = None
    """The embedded resource whose column it is; None for a column of the table itself."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of the result, counted from 0; a limit of None is no limit."""

    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Clauses:
    """What narrows and sorts the rows of one table."""

    where: tuple[Clause, ...] = ()
    order: tuple[Ordering, ...] = ()
    page: Page = Page()


@dataclass(frozen=True, slots=True)
class Tree:
    """All that a query string says about the result."""

    items: tuple[Item, ...] = (Star(),)
    clauses: Mapping[Path, Clauses] = field(default_factory=dict)

    @property
    def root(self) -> Clauses:
        """The clauses of the table that was asked for."""
        return self.clauses.get((), Clauses())
