"""What happens to a row that is there already: upserts, and PUT of a single row."""

from psycopg import sql

from backend_functions.gateway.rest.body import Rows
from backend_functions.gateway.rest.build_filters import where_sql
from backend_functions.gateway.rest.build_read import Wish
from backend_functions.gateway.rest.build_target import Target, returned_sql
from backend_functions.gateway.rest.catalogue import Catalogue, Relation
from backend_functions.gateway.rest.errors import RestError, other_key
from backend_functions.gateway.rest.fragments import Scope, Statement, Values, ident
from backend_functions.gateway.rest.query import Query
from backend_functions.gateway.rest.tree import Clause, Condition, Page

# The one way to tell updated rows from new ones that needs no right to read the table. Always true.
_COUNT_UPDATED = sql.SQL(
    "pg_catalog.set_config('rest.updated', (coalesce(nullif("
    "pg_catalog.current_setting('rest.updated', true), ''), '0')::pg_catalog.int8 + 1)"
    "::pg_catalog.text, true) <> ''"
)


def conflict_sql(
    target: Target, query: Query, columns: tuple[str, ...], wish: Wish
) -> sql.Composable:
    """Return `on conflict …`, or nothing where a row that is there already is an error.

    Raises:
        UnknownName: The key is of columns the table has not.
    """
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
        arbiter, _merge_sql(columns), _COUNT_UPDATED
    )


def _merge_sql(columns: tuple[str, ...]) -> sql.Composed:
    pairs = (sql.SQL("{0} = excluded.{0}").format(ident(column)) for column in columns)
    return sql.SQL(", ").join(pairs)


def build_put(catalogue: Catalogue, name: str, query: Query, rows: Rows, wish: Wish) -> Statement:
    """Return the statement that makes the row whose primary key the filters name be the body's.

    It writes no row where the body has another key.

    Raises:
        UnknownName: The table or a column is not in the catalogue.
        RestError: The filters are not exactly the primary key (PGRST105), there is a page
            (PGRST114), or the body lacks the key (PGRST115).
    """
    target = Target(catalogue, catalogue.relation(name), Values())
    page, where = query.tree.root.page, query.tree.root.where
    if page != Page():
        message = "limit/offset querystring parameters are not allowed for PUT"
        raise RestError("PGRST114", message)
    _refuse_other_filters(target.relation, where)
    if not set(target.relation.primary_key) <= set(rows.columns):
        raise other_key()
    level = target.shown(query.tree)
    source, columns = target.rows(rows, defaults=False)
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
        _merge_sql(rows.columns),
        _COUNT_UPDATED,
        returned_sql(level, wish),
    )
    return target.finish(level, command, wish)


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
