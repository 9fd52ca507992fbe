"""The smallest pieces of SQL: names out of the catalogue, and values that are always bound.

A value is bound as text of no declared type, so PostgreSQL reads it as whatever it is compared
with, as it would read a quoted constant: a bad uuid is its 22P02, never a comparison of texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from psycopg import sql

from backend_functions.gateway.rest.catalogue import Column, Relation, TypeName
from backend_functions.gateway.rest.tree import Field

VALUE = "rest_value"
"""The column that an embedded resource's JSON stands in; null where there is no row."""


@dataclass(slots=True)
class Values:
    """The values of one statement, gathered while it is being built."""

    bound: dict[str, str] = field(default_factory=dict)

    def bind(self, text: str) -> sql.Composable:
        """Keep a value and return the placeholder that stands for it."""
        name = f"v{len(self.bound)}"
        self.bound[name] = text
        return sql.Placeholder(name)


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows in reach of an expression: whose columns they have, and what they are called."""

    relation: Relation
    alias: str
    embedded: Mapping[str, str] = field(default_factory=dict)
    """What the rows of each embedded resource are called, by its name in the answer."""


@dataclass(frozen=True)
class Statement:
    """SQL with its values, ready to be executed, perhaps many times."""

    text: sql.Composed
    values: dict[str, str]
    plan: sql.Composed | None = None
    """An `explain` of all rows without the page, where an estimate is asked for."""

    @cached_property
    def sent(self) -> bytes:
        """The text as PostgreSQL gets it, put together once."""
        return self.text.as_bytes(None)


def ident(*names: str) -> sql.Identifier:
    """Quote a name; in a statement with values a percent sign stands for itself when doubled."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))


def table(name: str) -> sql.Identifier:
    """Name a table or a function of the one schema that is served."""
    return ident("public", name)


def type_sql(name: TypeName) -> sql.Identifier:
    """Name a type, without a length: a cast must not cut a value to fit."""
    return ident(name.schema, name.name)


def default_sql(column: Column) -> sql.Composable:
    """Return a column's default, which only the owner of the table can have written."""
    text = (column.default_sql or "null").replace("%", "%%")
    return sql.SQL("({})").format(sql.SQL(text))


def row_sql(scope: Scope) -> sql.Composed:
    """Return a whole row as a value of its table's type, as functions take it."""
    return sql.SQL("({}.*)::{}").format(ident(scope.alias), table(scope.relation.name))


def field_sql(scope: Scope, wanted: Field, values: Values) -> sql.Composable:
    """Return the expression for a column or a place in its JSON.

    Raises:
        UnknownName: The relation has no such column.
    """
    column = scope.relation.column(wanted.name)
    expression: sql.Composable = ident(scope.alias, column.name)
    if column.name not in scope.relation.columns:
        expression = sql.SQL("{}({})").format(table(column.name), row_sql(scope))
    if not wanted.steps:
        return expression
    if not column.is_json:
        expression = sql.SQL("pg_catalog.to_jsonb({})").format(expression)
    for step in wanted.steps:
        arrow = sql.SQL("->>" if step.as_text else "->")
        kind = "int4" if isinstance(step.key, int) else "text"
        key = sql.SQL("{}::pg_catalog.{}").format(values.bind(str(step.key)), ident(kind))
        expression = sql.SQL("({} {} {})").format(expression, arrow, key)
    return expression
