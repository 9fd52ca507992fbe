"""Turns a call of a function into a statement."""

from collections.abc import Mapping

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
from backend_functions.gateway.rest.catalogue import Argument, Catalogue, Function, Relation
from backend_functions.gateway.rest.choose_function import Arguments
from backend_functions.gateway.rest.errors import RestError
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
    arguments = {argument.name: argument for argument in function.arguments}
    types = {name: type_sql(argument.type) for name, argument in arguments.items()}
    empty = sql.SQL("")
    if "" in types:
        return sql.SQL("{}::{}").format(values.bind(given.body), types[""]), empty
    if given.texts is not None:
        read = {name: _one_text(arguments[name], texts) for name, texts in given.texts.items()}
        typed = {
            name: sql.SQL("{}::{}").format(values.bind(text), types[name])
            for name, text in read.items()
        }
        return _named(arguments, typed), empty
    if not given.names:
        return empty, empty
    fields = sql.SQL(", ").join(sql.SQL("{} {}").format(ident(n), types[n]) for n in given.names)
    rows = sql.SQL(
        "pg_catalog.json_to_record({}::pg_catalog.json) as rest_given({}) cross join lateral "
    ).format(values.bind(given.body), fields)
    return _named(arguments, {name: ident("rest_given", name) for name in given.names}), rows


def _one_text(argument: Argument, texts: list[str]) -> str:
    """Return what a query string gives an argument, in the form its type is read from."""
    if argument.takes_rest:
        return "{" + ",".join(map(_element, texts)) + "}"
    if len(texts) > 1:
        message = f'The argument "{argument.name}" stands in the query string twice'
        raise RestError("PGRST100", message)
    return texts[0]


def _element(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _named(
    arguments: Mapping[str, Argument], given: Mapping[str, sql.Composable]
) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{}{} => {}").format(
            sql.SQL("variadic " if arguments[name].takes_rest else ""), ident(name), expression
        )
        for name, expression in given.items()
    )
