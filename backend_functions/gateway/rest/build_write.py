"""Turns a body and a tree into `insert`, `update` and `delete`."""

from psycopg import sql

from backend_functions.gateway.rest.body import Rows
from backend_functions.gateway.rest.build_filters import where_sql
from backend_functions.gateway.rest.build_read import Wish
from backend_functions.gateway.rest.build_target import Target, returned_sql
from backend_functions.gateway.rest.build_upsert import conflict_sql
from backend_functions.gateway.rest.catalogue import Catalogue, Relation
from backend_functions.gateway.rest.errors import RestError, not_served
from backend_functions.gateway.rest.fragments import Statement, Values, ident
from backend_functions.gateway.rest.query import Query
from backend_functions.gateway.rest.tree import Field, Selected, Tree


def build_insert(
    catalogue: Catalogue, name: str, query: Query, rows: Rows, wish: Wish
) -> Statement:
    """Return the statement that adds rows, or merges them with those there are.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: It asks for something that is not served.
    """
    target = Target(catalogue, catalogue.relation(name), Values())
    tree = _shown_of_new(target.relation, query.tree, wish)
    if tree.root.where:
        raise not_served("An insert takes no filters.")
    level = target.shown(tree)
    missing = wish.preferences.missing == "default"
    source, columns = target.rows(rows, defaults=missing)
    conflict = conflict_sql(target, query, rows.columns, wish)
    command = sql.SQL("insert into {}{} {}{} returning {}").format(
        target.named,
        sql.SQL(" ({})").format(columns) if rows.columns else sql.SQL(""),
        source,
        conflict,
        returned_sql(level, wish),
    )
    return target.finish(level, command, wish)


def _shown_of_new(relation: Relation, tree: Tree, wish: Wish) -> Tree:
    if wish.preferences.returning != "headers-only":
        return tree
    return Tree(tuple(Selected(Field(name), cast="text") for name in relation.primary_key))


def build_update(
    catalogue: Catalogue, name: str, query: Query, rows: Rows, wish: Wish
) -> Statement:
    """Return the statement that changes the rows that the filters leave.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: There is no filter, or it asks for something that is not served.
    """
    target = Target(catalogue, catalogue.relation(name), Values())
    _refuse_unbounded("UPDATE", query.tree)
    level = target.shown(query.tree)
    if not rows.columns:
        nothing = sql.SQL("select {} from {} where false").format(
            returned_sql(level, wish), target.named
        )
        return target.finish(level, nothing, wish)
    source, _ = target.rows(rows, defaults=wish.preferences.missing == "default")
    pairs = [sql.SQL("{0} = rest_body.{0}").format(ident(column)) for column in rows.columns]
    command = sql.SQL("update {} set {} from ({} limit 1) as rest_body{} returning {}").format(
        target.named,
        sql.SQL(", ").join(pairs),
        source,
        where_sql(query.tree.root.where, target.scope, target.values),
        returned_sql(level, wish),
    )
    return target.finish(level, command, wish)


def build_delete(catalogue: Catalogue, name: str, query: Query, wish: Wish) -> Statement:
    """Return the statement that removes the rows that the filters leave.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: There is no filter, or it asks for something that is not served.
    """
    target = Target(catalogue, catalogue.relation(name), Values())
    _refuse_unbounded("DELETE", query.tree)
    level = target.shown(query.tree)
    command = sql.SQL("delete from {}{} returning {}").format(
        target.named,
        where_sql(query.tree.root.where, target.scope, target.values),
        returned_sql(level, wish),
    )
    return target.finish(level, command, wish)


def _refuse_unbounded(command: str, tree: Tree) -> None:
    # Hosted projects load safeupdate for the API: a forgotten filter empties no table.
    if not tree.root.where:
        raise RestError("21000", f"{command} requires a WHERE clause")
    if tree.root.page.limit is not None or tree.root.page.offset:
        raise not_served(f"{command} takes neither limit nor offset.")
