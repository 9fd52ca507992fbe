"""Turns a tree into `select`: which columns, which rows, in which order, which page."""

from dataclasses import dataclass, field
from typing import assert_never

from psycopg import sql

from backend_functions.gateway.rest.build_filters import where_sql
from backend_functions.gateway.rest.build_result import NO_BODY, NO_TOTAL, body_sql, frame
from backend_functions.gateway.rest.catalogue import Catalogue
from backend_functions.gateway.rest.errors import RestError, unknown_relationship
from backend_functions.gateway.rest.fragments import (
    Scope,
    Statement,
    Values,
    field_sql,
    ident,
    table,
    type_sql,
)
from backend_functions.gateway.rest.media import Media
from backend_functions.gateway.rest.preferences import Preferences
from backend_functions.gateway.rest.tree import (
    Embedded,
    Field,
    Item,
    Ordering,
    Page,
    Selected,
    Star,
    Tree,
)

MAX_ROWS = 1000
"""How many rows one answer has at most, as on hosted projects."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer shall look."""

    media: Media = field(default_factory=Media)
    preferences: Preferences = field(default_factory=Preferences)
    with_body: bool = True


def build_read(catalogue: Catalogue, name: str, tree: Tree, wish: Wish) -> Statement:
    """Return the statement that reads rows of a table or view.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: It asks for something that is not served.
    """
    values, relation = Values(), catalogue.relation(name)
    refuse_embedding(tree, relation.name)
    scope = Scope(relation, relation.name)
    source = sql.SQL("{} as {}").format(table(relation), ident(scope.alias))
    view = view_sql(catalogue, tree, scope, source, values)
    everything = sql.SQL("select 1 from {}{}").format(
        source, where_sql(tree.root.where, scope, values)
    )
    text = frame(
        [sql.SQL("rest_view as ({})").format(view)],
        total=total_sql(everything, wish.preferences),
        body=body_sql(wish.media) if wish.with_body else NO_BODY,
    )
    return Statement(text, values.bound, plan_sql(everything, wish.preferences))


def view_sql(
    catalogue: Catalogue,
    tree: Tree,
    scope: Scope,
    source: sql.Composable,
    values: Values,
    *,
    most: int | None = MAX_ROWS,
) -> sql.Composed:
    """Return the `select` of what is shown of `source`, whose rows are known as `scope`."""
    return sql.SQL("select {} from {}{}{}{}").format(
        projection_sql(catalogue, tree.items, scope, values),
        source,
        where_sql(tree.root.where, scope, values),
        order_sql(tree.root.order, scope, values),
        page_sql(tree.root.page, most, values),
    )


def projection_sql(
    catalogue: Catalogue, items: tuple[Item, ...], scope: Scope, values: Values
) -> sql.Composable:
    """Return the list of result columns."""
    return sql.SQL(", ").join(_item(catalogue, item, scope, values) for item in items)


def _item(catalogue: Catalogue, item: Item, scope: Scope, values: Values) -> sql.Composable:
    match item:
        case Star():
            return sql.SQL("{}.*").format(ident(scope.alias))
        case Selected():
            expression = field_sql(scope, item.field, values)
            if item.cast is not None:
                wanted = type_sql(catalogue.type(item.cast))
                expression = sql.SQL("cast({} as {})").format(expression, wanted)
            name = item.alias or default_alias(item.field)
            return sql.SQL("{} as {}").format(expression, ident(name))
        case Embedded():
            raise unknown_relationship(scope.relation.name, item.relation)
        case _:
            assert_never(item)


def default_alias(place: Field) -> str:
    """Return what a result column is called that was not renamed: its last key, or the column."""
    keys = [step.key for step in place.steps if isinstance(step.key, str)]
    return keys[-1] if keys else place.name


def order_sql(keys: tuple[Ordering, ...], scope: Scope, values: Values) -> sql.Composable:
    """Return `order by …`, or nothing."""
    if not keys:
        return sql.SQL("")
    return sql.SQL(" order by ") + sql.SQL(", ").join(_key(key, scope, values) for key in keys)


def _key(key: Ordering, scope: Scope, values: Values) -> sql.Composed:
    nulls = {None: "", True: " nulls first", False: " nulls last"}[key.nulls_first]
    direction = sql.SQL(" desc") if key.descending else sql.SQL("")
    return sql.Composed([field_sql(scope, key.field, values), direction, sql.SQL(nulls)])


def page_sql(page: Page, most: int | None, values: Values) -> sql.Composable:
    """Return `limit …` and `offset …`, each where there is one; never more than `most` rows."""
    limits = [limit for limit in (page.limit, most) if limit is not None]
    found: sql.Composable = sql.SQL("")
    if limits:
        found = sql.SQL(" limit {}").format(values.bind(str(min(limits))))
    if page.offset:
        found += sql.SQL(" offset {}").format(values.bind(str(page.offset)))
    return found


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


def refuse_embedding(tree: Tree, name: str) -> None:
    """Refuse clauses for a resource that is not embedded, and so any.

    Raises:
        RestError: There are some (PGRST108).
    """
    for item in tree.items:
        if isinstance(item, Embedded):
            raise unknown_relationship(name, item.relation)
    for path in tree.clauses:
        if path:
            message = f"'{path[0]}' is not an embedded resource in this request"
            hint = f"Verify that '{path[0]}' is included in the 'select' query parameter."
            raise RestError("PGRST108", message, hint=hint)
