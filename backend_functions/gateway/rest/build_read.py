"""Turns a tree into the statement that reads rows of a table or view."""

from dataclasses import dataclass, field

from psycopg import sql

from backend_functions.gateway.rest.build_level import LevelBuilder
from backend_functions.gateway.rest.build_result import NO_BODY, NO_TOTAL, body_sql, frame
from backend_functions.gateway.rest.catalogue import Catalogue
from backend_functions.gateway.rest.fragments import Statement, Values, ident, table
from backend_functions.gateway.rest.levels import resolve
from backend_functions.gateway.rest.media import Media
from backend_functions.gateway.rest.preferences import Preferences
from backend_functions.gateway.rest.tree import Tree

MAX_ROWS = 1000
"""How many rows an answer, and each resource embedded in a row, has at most."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer shall look."""

    media: Media = field(default_factory=Media)
    preferences: Preferences = field(default_factory=Preferences)
    with_body: bool = True


def build_read(catalogue: Catalogue, name: str, tree: Tree, wish: Wish) -> Statement:
    """Return the statement that reads rows of a table or view.

    Raises:
        UnknownName: A table, a column or a relationship is not in the catalogue.
        RestError: It asks for something that is not served.
    """
    builder = LevelBuilder(catalogue, Values(), MAX_ROWS)
    level = resolve(catalogue, catalogue.relation(name), tree)
    source = sql.SQL("{} as {}").format(table(name), ident(level.scope.alias))
    view = builder.rows(level, source)
    counted = wish.preferences.count is not None
    everything = builder.everything(level, source) if counted else NO_TOTAL
    text = frame(
        [sql.SQL("rest_view as ({})").format(view)],
        total=total_sql(everything, wish.preferences),
        body=body_sql(wish.media) if wish.with_body else NO_BODY,
    )
    return Statement(text, builder.values.bound, plan_sql(everything, wish.preferences))


def total_sql(everything: sql.Composable, preferences: Preferences) -> sql.Composable:
    """Return the expression that counts all rows, as far as the caller wants it."""
    if preferences.count == "exact":
        return count_sql(everything)
    if preferences.count == "estimated":
        return count_sql(sql.SQL("{} limit {}").format(everything, MAX_ROWS + 1))
    return NO_TOTAL


def count_sql(everything: sql.Composable) -> sql.Composable:
    """Return the expression that counts the rows of a `select`."""
    return sql.SQL("(select pg_catalog.count(*) from ({}) as rest_all)").format(everything)


def plan_sql(everything: sql.Composable, preferences: Preferences) -> sql.Composed | None:
    """Return the `explain` that estimates all rows, where an estimate will do."""
    if preferences.count in ("planned", "estimated"):
        return sql.SQL("explain (format json) {}").format(everything)
    return None
