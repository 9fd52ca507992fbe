"""What schema `public` holds: the names that a request may mention, and their types."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backend_functions.gateway.rest.errors import (
    RestError,
    unknown_column,
    unknown_table,
)

_TYPE_SYNONYMS = {
    "bigint": "int8",
    "bit varying": "varbit",
    "boolean": "bool",
    "char": "bpchar",
    "character": "bpchar",
    "character varying": "varchar",
    "decimal": "numeric",
    "double precision": "float8",
    "float": "float8",
    "int": "int4",
    "integer": "int4",
    "real": "float4",
    "smallint": "int2",
    "time with time zone": "timetz",
    "time without time zone": "time",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}

JSON_TYPES = ("json", "jsonb")
WHOLE_BODY_TYPES = (*JSON_TYPES, "text", "bytea", "xml")
"""What a function's one argument without a name may be."""


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type, by schema and name; an array type has the name `_element`."""

    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, a view or a function's result."""

    name: str
    type: TypeName
    default_sql: str | None = None
    """The default as PostgreSQL prints it, with qualified names."""

    @property
    def is_json(self) -> bool:
        """Whether `->` works on it as it is."""
        return self.type in (TypeName("pg_catalog", "json"), TypeName("pg_catalog", "jsonb"))

    @property
    def is_text_search(self) -> bool:
        """Whether it holds a tsvector."""
        return self.type == TypeName("pg_catalog", "tsvector")


@dataclass(frozen=True, slots=True)
class Relation:
    """Something with rows: a table, a view, or what a function returns."""

    name: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    computed: Mapping[str, Column] = field(default_factory=dict)
    """What functions make of a row, by the function's name; never part of `*`."""
    is_view: bool = False

    def column(self, name: str) -> Column:
        """Return a column by name, or what a function makes of a row.

        Raises:
            UnknownName: There is neither (42703, as PostgreSQL would say).
        """
        found = self.columns.get(name) or self.computed.get(name)
        if found is None:
            raise unknown_column(self.name, name)
        return found


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A way from `source` to `target`; either may be a view that shows the key's columns."""

    name: str
    source: str
    source_columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    is_unique: bool = False
    """Whether no two rows of `source` can have the same target."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument a function takes; its name is empty where it has none."""

    name: str
    type: TypeName
    required: bool
    shown_type: str = ""
    """The type as PostgreSQL prints it."""
    takes_rest: bool = False
    """Whether it is `variadic`: its type is the array of what it takes."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of perhaps several with the same name."""

    name: str
    arguments: tuple[Argument, ...]
    is_volatile: bool
    returns_set: bool
    returns_void: bool
    result: Relation | None
    """The columns of its result; None for a single value."""
    result_type: TypeName = TypeName("pg_catalog", "void")
    returns_one: bool = False
    """Whether it says that its set has one row."""

    @property
    def is_callable(self) -> bool:
        """Whether a request can call it: by names, or with its whole body as the one argument."""
        names = [argument.name for argument in self.arguments]
        return "" not in names or (
            len(names) == 1 and self.arguments[0].type.name in WHOLE_BODY_TYPES
        )

    def takes_row_of(self) -> str | None:
        """Return the table whose row is its one argument, if it is so."""
        if len(self.arguments) == 1 and self.arguments[0].type.schema == "public":
            return self.arguments[0].type.name
        return None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything of one database that requests can name."""

    relations: Mapping[str, Relation] = field(default_factory=dict)
    foreign_keys: tuple[ForeignKey, ...] = ()
    functions: Mapping[str, tuple[Function, ...]] = field(default_factory=dict)
    types: Mapping[str, TypeName] = field(default_factory=dict)

    def relation(self, name: str) -> Relation:
        """Return a table or view by name.

        Raises:
            UnknownName: There is none (PGRST205).
        """
        try:
            return self.relations[name]
        except KeyError:
            raise unknown_table(name, nearest(name, self.relations)) from None

    def type(self, name: str) -> TypeName:
        """Return a type by the name a cast gives it, such as `text`, `int` or `uuid[]`.

        Raises:
            RestError: There is none (42704).
        """
        element = name.removesuffix("[]").strip().lower()
        stored = _TYPE_SYNONYMS.get(element, element)
        try:
            return self.types[f"_{stored}" if name.endswith("[]") else stored]
        except KeyError:
            raise RestError("42704", f'type "{name}" does not exist') from None


def nearest(name: str, names: Iterable[str], *, cutoff: float = 0.75) -> str | None:
    """Return the name most like `name`, if one is as much like it as `cutoff` (0 to 1) asks."""
    found = difflib.get_close_matches(name[:100], names, n=1, cutoff=cutoff)
    return found[0] if found else None
