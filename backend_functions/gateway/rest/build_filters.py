"""Turns conditions into the text after `where`."""

from collections.abc import Iterable
from typing import assert_never

from psycopg import sql

from backend_functions.gateway.rest.errors import bad_embedded_filter
from backend_functions.gateway.rest.fragments import VALUE, Scope, Values, field_sql, ident
from backend_functions.gateway.rest.tree import Clause, Condition, Group

_OPERATORS = {
    "eq": sql.SQL("="),
    "neq": sql.SQL("<>"),
    "gt": sql.SQL(">"),
    "gte": sql.SQL(">="),
    "lt": sql.SQL("<"),
    "lte": sql.SQL("<="),
    "like": sql.SQL("like"),
    "ilike": sql.SQL("ilike"),
    "match": sql.SQL("~"),
    "imatch": sql.SQL("~*"),
    "isdistinct": sql.SQL("is distinct from"),
    "cs": sql.SQL("@>"),
    "cd": sql.SQL("<@"),
    "ov": sql.SQL("&&"),
    "sl": sql.SQL("<<"),
    "sr": sql.SQL(">>"),
    "nxr": sql.SQL("&<"),
    "nxl": sql.SQL("&>"),
    "adj": sql.SQL("-|-"),
}
_TRUTHS = {
    "null": sql.SQL("is null"),
    "not_null": sql.SQL("is not null"),
    "true": sql.SQL("is true"),
    "false": sql.SQL("is false"),
    "unknown": sql.SQL("is unknown"),
}
_SEARCHES = {
    "fts": sql.SQL("pg_catalog.to_tsquery"),
    "plfts": sql.SQL("pg_catalog.plainto_tsquery"),
    "phfts": sql.SQL("pg_catalog.phraseto_tsquery"),
    "wfts": sql.SQL("pg_catalog.websearch_to_tsquery"),
}
_JOINTS = {"and": sql.SQL(" and "), "or": sql.SQL(" or ")}


def where_sql(
    clauses: tuple[Clause, ...],
    scope: Scope,
    values: Values,
    also: Iterable[sql.Composable] = (),
) -> sql.Composable:
    """Return `where …`, or nothing where everything is wanted.

    Args:
        clauses: What has to hold.
        scope: The rows it is said of.
        values: Where values are kept.
        also: Conditions that have to hold too.

    Raises:
        UnknownName: A condition names a column there is not.
        RestError: It compares an embedded resource with anything but null (PGRST120).
    """
    found = [*also, *(_clause(clause, scope, values) for clause in clauses)]
    return sql.SQL(" where ") + sql.SQL(" and ").join(found) if found else sql.SQL("")


def _clause(clause: Clause, scope: Scope, values: Values) -> sql.Composable:
    match clause:
        case Group():
            members = [_clause(member, scope, values) for member in clause.members]
            found = sql.SQL("({})").format(_JOINTS[clause.kind].join(members))
        case Condition():
            found = _condition(clause, scope, values)
        case _:
            assert_never(clause)
    return sql.SQL("not {}").format(found) if clause.negated else found


def _condition(condition: Condition, scope: Scope, values: Values) -> sql.Composed:
    name = condition.field.name
    if name in scope.embedded and not condition.field.steps:
        if condition.values in (("null",), ("not_null",)) and condition.operator == "is":
            found = ident(scope.embedded[name], VALUE)
            return sql.SQL("({} {})").format(found, _TRUTHS[condition.values[0]])
        if name not in scope.relation.columns:
            raise bad_embedded_filter(name)
    left = field_sql(scope, condition.field, values)
    if condition.operator in _SEARCHES:
        return _search(condition, left, scope, values)
    if condition.operator == "is":
        return sql.SQL("({} {})").format(left, _TRUTHS[condition.values[0]])
    if condition.operator == "in":
        members = values.bind(array_literal(condition.values))
        return sql.SQL("({} = any ({}))").format(left, members)
    right = values.bind(_operand(condition))
    if condition.quantifier is not None:
        quantifier = sql.SQL("any" if condition.quantifier == "any" else "all")
        right = sql.SQL("{} ({})").format(quantifier, right)
    return sql.SQL("({} {} {})").format(left, _OPERATORS[condition.operator], right)


def _operand(condition: Condition) -> str:
    (text,) = condition.values
    # In a URL `*` may stand for `%`, which would have to be escaped there.
    return text.replace("*", "%") if condition.operator in ("like", "ilike") else text


def array_literal(members: tuple[str, ...]) -> str:
    """Return PostgreSQL's text form of an array whose members are exactly these texts."""
    quoted = (member.replace("\\", "\\\\").replace('"', '\\"') for member in members)
    return "{" + ",".join(f'"{member}"' for member in quoted) + "}"


def _search(
    condition: Condition, left: sql.Composable, scope: Scope, values: Values
) -> sql.Composed:
    language: sql.Composable = sql.SQL("")
    if condition.language is not None:
        bound = values.bind(condition.language)
        language = sql.SQL("{}::pg_catalog.regconfig, ").format(bound)
    column = scope.relation.column(condition.field.name)
    if condition.field.steps or not column.is_text_search:
        left = sql.SQL("pg_catalog.to_tsvector({}{})").format(language, left)
    function, words = _SEARCHES[condition.operator], values.bind(condition.values[0])
    return sql.SQL("({} @@ {}({}{}))").format(left, function, language, words)
