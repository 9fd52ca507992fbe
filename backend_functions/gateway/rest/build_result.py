"""The frame around every statement: it counts the rows and makes their JSON or CSV.

The frame reads two common table expressions: `rest_source`, every row that was read or written,
and `rest_view`, those of them that the answer shows, as it shows them. It returns one row:
`total`, `page`, `body`, how many of the rows an upsert only updated, and the headers and the status
that a function may have asked for.
"""

from psycopg import sql

from backend_functions.gateway.rest.media import Media

NO_TOTAL = sql.SQL("null::pg_catalog.int8")
NO_BODY = sql.SQL("''")
SCALAR = "value"
"""The name of the one column of a `rest_view` that holds bare values."""

_FRAME = sql.SQL(
    "with {parts} select {total} as total, {page} as page, {body} as body,"
    " pg_catalog.current_setting('response.headers', true) as headers,"
    " pg_catalog.current_setting('response.status', true) as status,"
    " pg_catalog.current_setting('rest.updated', true) as updated"
    "{rows}"
)
# `rest_row.*` and not `rest_row`: a column may have that name.
_CSV = sql.SQL(
    "coalesce((select pg_catalog.string_agg(key, ',') from (select"
    " pg_catalog.json_object_keys(pg_catalog.to_json(rest_first.*)) as key"
    " from (select * from rest_view limit 1) as rest_first) as rest_keys), '')"
    " || pg_catalog.chr(10) || coalesce(pg_catalog.string_agg("
    "pg_catalog.substr((rest_row.*)::pg_catalog.text, 2,"
    " pg_catalog.length((rest_row.*)::pg_catalog.text) - 2), pg_catalog.chr(10)), '')"
)


def frame(
    parts: list[sql.Composable],
    *,
    total: sql.Composable = NO_TOTAL,
    body: sql.Composable = NO_BODY,
    affected: bool = False,
) -> sql.Composed:
    """Return the whole statement.

    Args:
        parts: The common table expressions, each with its name.
        total: How many rows there are without the page.
        body: What to answer with, as text.
        affected: Count the rows of `rest_source` instead of those shown.
    """
    page = sql.SQL("(select pg_catalog.count(*) from rest_source)")
    return _FRAME.format(
        parts=sql.SQL(", ").join(parts),
        total=total,
        page=page if affected else sql.SQL("pg_catalog.count(*)"),
        body=body,
        rows=sql.SQL("" if affected and body is NO_BODY else " from rest_view as rest_row"),
    )


def body_sql(media: Media) -> sql.Composable:
    """Return the expression that makes an answer's body of the rows of `rest_view`."""
    if media.shape == "csv":
        return _CSV
    row = sql.SQL("pg_catalog.to_json(rest_row.*)")
    if media.nulls_stripped:
        row = sql.SQL("pg_catalog.json_strip_nulls(pg_catalog.to_json(rest_row.*))")
    return _gathered(row, as_array=media.shape == "array")


def scalar_body_sql(*, as_array: bool) -> sql.Composable:
    """Return the expression for the bare value, or values, of a function."""
    return _gathered(sql.SQL("rest_row.value"), as_array=as_array)


def _gathered(row: sql.SQL, *, as_array: bool) -> sql.Composed:
    one = sql.SQL("coalesce(pg_catalog.json_agg({}) -> 0, 'null')::pg_catalog.text")
    many = sql.SQL("coalesce(pg_catalog.json_agg({}), '[]')::pg_catalog.text")
    return (many if as_array else one).format(row)
