"""No function makes SQL of what it is given, but those whose ways of doing it were looked at.

`plpgsql_check` has a lint for this, but is no extension that every PostgreSQL brings.
"""

import re

import pytest
from psycopg import Connection

from tests.sql.stage import Row

pytestmark = pytest.mark.db

REVIEWED = {
    "realtime.read_filters": "a value quoted by %L, a type as the catalogue spells it",
    "realtime.fulfil": "as read_filters, in conditions of filter_condition; all rows are bound",
    "realtime.may_see": "a table as regclass, its key's columns quoted by %I; all rows are bound",
    "realtime.might_see": "as may_see; its conditions are PostgreSQL's own text of policies",
}
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LITERAL = re.compile(r"\$(\w*)\$.*?\$\1\$|[eE]?'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_EXECUTED = re.compile(r"\bexecute\b(?!\s+(?:function|procedure)\b)(.*?)(?:;|$)", re.I | re.DOTALL)
_TAKES_SQL = re.compile(
    r"\b(?:query_to_xml\w*|cursor_to_xml\w*|dblink\w*|ts_stat|crosstab\w*"
    r"|database_to_xml\w*|cron\.schedule\w*)\s*\(",
    re.I,
)


def builds_sql(source: str) -> bool:
    """Say whether a function's text runs SQL that is not wholly written in it."""
    code = _LITERAL.sub(" LITERAL ", _NO_CODE.sub(" ", source))
    return bool(_TAKES_SQL.search(code)) or any(
        re.fullmatch(r"\s*LITERAL\s*(?:\b(?:into|using)\b.*)?", asked, re.I | re.DOTALL) is None
        for asked in _EXECUTED.findall(code)
    )


@pytest.mark.parametrize(
    "source",
    [
        "begin execute 'drop table ' || name; end",
        "begin return query EXECUTE\n format('select %s', name); end",
        "begin execute query; end",
        "begin execute $$select $$ || name using 1; end",
        "begin for one in execute concat('select ', name) loop null; end loop; end",
        "begin execute 'select 1' || name into found; end",
        "select query_to_xml('select ' || name, true, true, '')",
        "begin execute /* ; */ name; end",
    ],
)
def test_sql_that_is_put_together_is_found(source: str) -> None:
    assert builds_sql(source)


@pytest.mark.parametrize(
    "source",
    [
        "begin perform executed from public.jobs; end",
        "begin execute 'select $1' into found using name; end",
        "-- execute name;\nselect 'execute name; '",
        "create trigger t before insert on x for each row execute function f();",
        "begin execute 'it''s; all said'; end",
    ],
)
def test_sql_that_stands_there_as_it_is_run_is_let_be(source: str) -> None:
    assert not builds_sql(source)


def test_no_function_builds_sql_but_the_reviewed_ones(catalogue: Connection[Row]) -> None:
    functions = catalogue.execute(
        "select concat(n.nspname, '.', p.proname) as name, coalesce(p.prosrc, '') as source"
        " from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname not in ('pg_catalog', 'information_schema')"
    ).fetchall()

    assert len(functions) > len(REVIEWED)
    assert {row["name"] for row in functions if builds_sql(row["source"])} == set(REVIEWED)
