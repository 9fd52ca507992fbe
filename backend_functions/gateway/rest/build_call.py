"""Turns a call of a function into a statement."""

from collections.abc import Iterable

from psycopg import sql

from backend_functions.gateway.rest.build_level import LevelBuilder
from backend_functions.gateway.rest.build_read import MAX_ROWS, Wish, count_sql
from backend_functions.gateway.rest.build_result import (
    NO_BODY,
    NO_TOTAL,
    SCALAR,
    body_sql,
    frame,
    scalar_body_sql,
)
from backend_functions.gateway.rest.catalogue import Catalogue, Function, Relation
from backend_functions.gateway.rest.choose_function import Arguments
from backend_functions.gateway.rest.fragments import Statement, Values, ident, type_sql
from backend_functions.gateway.rest.levels import resolve
from backend_functions.gateway.rest.media import Media
from backend_functions.gateway.rest.tree import Tree


def build_call(
    catalogue: Catalogue, function: Function, given: Arguments, tree: Tree, wish: Wish
) -> Statement:
    """Return the statement that calls a function and reads its result as a table is read.

    Raises:
        UnknownName: The tree names a column that the result lacks.
        RestError: It asks for something that is not served.
    """
    builder = LevelBuilder(catalogue, Values(), MAX_ROWS)
    called = sql.SQL("rest_source as ({})").format(_call_sql(function, given, builder.values))
    level = resolve(catalogue, function.result or Relation(function.name, {}), tree)
    source = sql.SQL("rest_source as {}").format(ident(level.scope.alias))
    view = builder.rows(level, source)
    counted = wish.preferences.count is not None
    total = count_sql(builder.everything(level, source)) if counted else NO_TOTAL
    text = frame(
        [called, sql.SQL("rest_view as ({})").format(view)],
        total=total,
        body=_body(function, wish),
    )
    return Statement(text, builder.values.bound)


def _body(function: Function, wish: Wish) -> sql.Composable:
    if not wish.with_body or function.returns_void:
        return NO_BODY
    media = wish.media
    if function.result is None and media.shape != "csv":
        return scalar_body_sql(as_array=function.returns_set)
    if not function.returns_set and media.shape == "array":
        media = Media("object", media.nulls_stripped)
    return body_sql(media)


def _call_sql(function: Function, given: Arguments, values: Values) -> sql.Composed:
    arguments, rows = _arguments_sql(function, given, values)
    call = sql.SQL("{}({})").format(ident("public", function.name), arguments)
    if function.result is None:
        call = sql.SQL("{} as rest_call({})").format(call, ident(SCALAR))
    else:
        call = sql.SQL("{} as rest_call").format(call)
    return sql.SQL("select rest_call.* from {}{}").format(rows, call)


def _arguments_sql(
    function: Function, given: Arguments, values: Values
) -> tuple[sql.Composable, sql.Composable]:
    """Return the list of arguments, and the rows it takes them from, if any."""
    types = {argument.name: type_sql(argument.type) for argument in function.arguments}
    empty = sql.SQL("")
    if "" in types:
        return sql.SQL("{}::{}").format(values.bind(given.body), types[""]), empty
    if given.texts is not None:
        texts = given.texts.items()
        named = [(name, sql.SQL("{}::{}").format(values.bind(t), types[name])) for name, t in texts]
        return _named(named), empty
    if not given.names:
        return empty, empty
    typed = sql.SQL(", ").join(sql.SQL("{} {}").format(ident(n), types[n]) for n in given.names)
    rows = sql.SQL(
        "pg_catalog.json_to_record({}::pg_catalog.json) as rest_given({}) cross join lateral "
    ).format(values.bind(given.body), typed)
    return _named([(name, ident("rest_given", name)) for name in given.names]), rows


def _named(arguments: Iterable[tuple[str, sql.Composable]]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{} => {}").format(ident(name), expression) for name, expression in arguments
    )
