"""Turns a body and a tree into `insert`, `update` and `delete`.

What is returned is exactly what the answer needs: a column that the caller may not read does no
harm as long as `select=` leaves it out.
"""

from dataclasses import dataclass, replace

from psycopg import sql

from backend_functions.gateway.rest.body import Rows
from backend_functions.gateway.rest.build_filters import where_sql
from backend_functions.gateway.rest.build_level import LevelBuilder
from backend_functions.gateway.rest.build_read import Wish
from backend_functions.gateway.rest.build_result import body_sql, frame
from backend_functions.gateway.rest.catalogue import Catalogue, Relation
from backend_functions.gateway.rest.errors import (
    RestError,
    not_served,
    other_key,
    unknown_payload_column,
)
from backend_functions.gateway.rest.fragments import (
    Scope,
    Statement,
    Values,
    default_sql,
    ident,
    table,
    type_sql,
)
from backend_functions.gateway.rest.levels import Level, resolve
from backend_functions.gateway.rest.query import Query
from backend_functions.gateway.rest.tree import Clause, Condition, Field, Page, Selected, Tree

# The one way to tell updated rows from new ones that needs no right to read the table. Always true.
_COUNT_UPDATED = sql.SQL(
    "pg_catalog.set_config('rest.updated', (coalesce(nullif("
    "pg_catalog.current_setting('rest.updated', true), ''), '0')::pg_catalog.int8 + 1)"
    "::pg_catalog.text, true) <> ''"
)


@dataclass(frozen=True, slots=True)
class _Target:
    """The table that is written, under its own name."""

    catalogue: Catalogue
    relation: Relation
    values: Values

    @property
    def scope(self) -> Scope:
        return Scope(self.relation, self.relation.name)

    @property
    def named(self) -> sql.Composed:
        return sql.SQL("{} as {}").format(table(self.relation.name), ident(self.scope.alias))

    def shown(self, tree: Tree) -> Level:
        """Return what the answer shows of the rows written; filters chose them already."""
        root = replace(tree.root, where=())
        return resolve(
            self.catalogue, self.relation, replace(tree, clauses={**tree.clauses, (): root})
        )


def build_insert(
    catalogue: Catalogue, name: str, query: Query, rows: Rows, wish: Wish
) -> Statement:
    """Return the statement that adds rows, or merges them with those there are.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: It asks for something that is not served.
    """
    target = _Target(catalogue, catalogue.relation(name), Values())
    tree = _shown_of_new(target.relation, query.tree, wish)
    if tree.root.where:
        raise not_served("An insert takes no filters.")
    level = target.shown(tree)
    missing = wish.preferences.missing == "default"
    source, columns = _rows_sql(target, rows, defaults=missing)
    conflict = _conflict_sql(target, query, rows.columns, wish)
    command = sql.SQL("insert into {}{} {}{} returning {}").format(
        target.named,
        sql.SQL(" ({})").format(columns) if rows.columns else sql.SQL(""),
        source,
        conflict,
        _returned(level, wish),
    )
    return _finish(target, level, command, wish)


def build_put(catalogue: Catalogue, name: str, query: Query, rows: Rows, wish: Wish) -> Statement:
    """Return the statement that makes the row whose primary key the filters name be the body's.

    It writes no row where the body has another key.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: The filters are not exactly the primary key (PGRST105), there is a page
            (PGRST114), or the body lacks the key (PGRST115).
    """
    target = _Target(catalogue, catalogue.relation(name), Values())
    page, where = query.tree.root.page, query.tree.root.where
    if page != Page():
        message = "limit/offset querystring parameters are not allowed for PUT"
        raise RestError("PGRST114", message)
    _refuse_other_filters(target.relation, where)
    if not set(target.relation.primary_key) <= set(rows.columns):
        raise other_key()
    level = target.shown(query.tree)
    source, columns = _rows_sql(target, rows, defaults=False)
    body = Scope(target.relation, "rest_body")
    command = sql.SQL(
        "insert into {} ({}) select * from ({}) as rest_body{}"
        " on conflict ({}) do update set {} where {} returning {}"
    ).format(
        target.named,
        columns,
        source,
        where_sql(where, body, target.values),
        sql.SQL(", ").join(map(ident, target.relation.primary_key)),
        _pairs(rows.columns),
        _COUNT_UPDATED,
        _returned(level, wish),
    )
    return _finish(target, level, command, wish)


def _refuse_other_filters(relation: Relation, where: tuple[Clause, ...]) -> None:
    plain = [
        clause.field.name
        for clause in where
        if isinstance(clause, Condition)
        and (clause.operator, clause.negated, clause.quantifier) == ("eq", False, None)
        and not clause.field.steps
    ]
    if not where or len(plain) != len(where) or sorted(plain) != sorted(relation.primary_key):
        raise RestError(
            "PGRST105",
            "Filters must include all and only primary key columns with 'eq' operators",
        )


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
    target = _Target(catalogue, catalogue.relation(name), Values())
    _refuse_unbounded("UPDATE", query.tree)
    level = target.shown(query.tree)
    if not rows.columns:
        nothing = sql.SQL("select {} from {} where false").format(
            _returned(level, wish), target.named
        )
        return _finish(target, level, nothing, wish)
    source, _ = _rows_sql(target, rows, defaults=wish.preferences.missing == "default")
    pairs = [sql.SQL("{0} = rest_body.{0}").format(ident(column)) for column in rows.columns]
    command = sql.SQL("update {} set {} from ({} limit 1) as rest_body{} returning {}").format(
        target.named,
        sql.SQL(", ").join(pairs),
        source,
        where_sql(query.tree.root.where, target.scope, target.values),
        _returned(level, wish),
    )
    return _finish(target, level, command, wish)


def build_delete(catalogue: Catalogue, name: str, query: Query, wish: Wish) -> Statement:
    """Return the statement that removes the rows that the filters leave.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: There is no filter, or it asks for something that is not served.
    """
    target = _Target(catalogue, catalogue.relation(name), Values())
    _refuse_unbounded("DELETE", query.tree)
    level = target.shown(query.tree)
    command = sql.SQL("delete from {}{} returning {}").format(
        target.named,
        where_sql(query.tree.root.where, target.scope, target.values),
        _returned(level, wish),
    )
    return _finish(target, level, command, wish)


def _refuse_unbounded(command: str, tree: Tree) -> None:
    # Hosted projects load safeupdate for the API: a forgotten filter empties no table.
    if not tree.root.where:
        raise RestError("21000", f"{command} requires a WHERE clause")
    if tree.root.page.limit is not None or tree.root.page.offset:
        raise not_served(f"{command} takes neither limit nor offset.")


def _rows_sql(
    target: _Target, rows: Rows, *, defaults: bool
) -> tuple[sql.Composable, sql.Composable]:
    """Return the `select` of a body's rows, and the list of columns it has."""
    relation = target.relation
    for name in rows.columns:
        if name not in relation.columns:
            raise unknown_payload_column(relation.name, name)
    body = target.values.bind(rows.text)
    elements = sql.SQL("pg_catalog.json_array_elements({}::pg_catalog.json)").format(body)
    if not rows.columns:
        return sql.SQL("select from {} as rest_rows").format(elements), sql.SQL("")
    typed = sql.SQL(", ").join(
        sql.SQL("{} {}").format(ident(name), type_sql(relation.columns[name].type))
        for name in rows.columns
    )
    columns = sql.SQL(", ").join(map(ident, rows.columns))
    filled = _filled(target, rows.columns) if defaults else columns
    select = sql.SQL(
        "select {} from {} as rest_element(given)"
        " cross join lateral pg_catalog.json_to_record(given) as rest_rows({})"
    ).format(filled, elements, typed)
    return select, columns


def _filled(target: _Target, names: tuple[str, ...]) -> sql.Composed:
    """Return the columns of a body's rows, each with its default where a row lacks the key."""
    return sql.SQL(", ").join(
        sql.SQL("case when given -> {}::pg_catalog.text is null then {} else {} end as {}").format(
            target.values.bind(name),
            default_sql(target.relation.columns[name]),
            ident("rest_rows", name),
            ident(name),
        )
        for name in names
    )


def _conflict_sql(
    target: _Target, query: Query, columns: tuple[str, ...], wish: Wish
) -> sql.Composable:
    keys = query.on_conflict or target.relation.primary_key
    resolution = wish.preferences.resolution
    if resolution is None or not keys:
        return sql.SQL("")
    for key in keys:
        target.relation.column(key)
    arbiter = sql.SQL(", ").join(map(ident, keys))
    if resolution == "ignore-duplicates" or not columns:
        return sql.SQL(" on conflict ({}) do nothing").format(arbiter)
    return sql.SQL(" on conflict ({}) do update set {} where {}").format(
        arbiter, _pairs(columns), _COUNT_UPDATED
    )


def _pairs(columns: tuple[str, ...]) -> sql.Composed:
    pairs = (sql.SQL("{0} = excluded.{0}").format(ident(column)) for column in columns)
    return sql.SQL(", ").join(pairs)


def _returned(level: Level, wish: Wish) -> sql.Composable:
    """Return the list of table columns that the answer is made of."""
    scope, names = level.scope, []
    for item in level.columns if wish.with_body else ():
        if not isinstance(item, Selected):
            return sql.SQL("{}.*").format(ident(scope.alias))
        names.append(item.field.name)
    if wish.with_body:
        names += [key.field.name for key in level.clauses.order if key.embedded is None]
        for child in level.children:
            names += child.relationship.origin_columns
    columns = [
        ident(scope.alias, scope.relation.column(name).name) for name in dict.fromkeys(names)
    ]
    return sql.SQL(", ").join(columns) if columns else sql.SQL("1 as written")


def _finish(target: _Target, level: Level, command: sql.Composable, wish: Wish) -> Statement:
    parts: list[sql.Composable] = [sql.SQL("rest_source as ({})").format(command)]
    if not wish.with_body:
        return Statement(frame(parts, affected=True), target.values.bound)
    source = sql.SQL("rest_source as {}").format(ident(level.scope.alias))
    view = LevelBuilder(target.catalogue, target.values, most=None).rows(level, source)
    parts.append(sql.SQL("rest_view as ({})").format(view))
    text = frame(parts, body=body_sql(wish.media), affected=True)
    return Statement(text, target.values.bound)
