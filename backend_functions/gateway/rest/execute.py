"""Runs one statement as the caller, in one transaction that ends with what may not stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend_functions.db.pool import Connection, Database
from backend_functions.db.queries import queries
from backend_functions.gateway.rest.build_read import MAX_ROWS
from backend_functions.gateway.rest.errors import RestError, other_key
from backend_functions.gateway.rest.fragments import Statement
from backend_functions.types import Caller

_SQL = queries("rest")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement came to."""

    body: bytes
    rows: int
    """How many rows were shown, or changed."""
    total: int | None = None
    """How many there are without the page, where that was asked for."""
    updated: int = 0
    """How many of them an upsert found to be there already."""
    headers: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """A statement and what has to hold for it to stand."""

    statement: Statement
    read_only: bool
    exactly_one: bool = False
    most_rows: int | None = None
    is_put: bool = False


async def run(
    database: Database, caller: Caller, request: Mapping[str, str], errand: Errand
) -> Outcome:
    """Return what the statement came to; after an error nothing of it remains.

    Args:
        database: Where to run it.
        caller: Whose rights it has.
        request: `method`, `path` and `headers`, for functions and policies that ask; `timezone`
            where one was asked for.
        errand: What to run.

    Raises:
        RestError: It came to something that was not wanted (PGRST115, PGRST116, PGRST124).
        psycopg.Error: PostgreSQL refused it.
    """
    statement = errand.statement
    if errand.read_only and statement.plan is None:
        told = [(text, request) for text in _before(request)]
        found = await database.read_as(caller, *told, (statement.sent, statement.values))
        row = _checked(errand, found)
        return _outcome(row, row["total"])
    async with database.act_as(caller, read_only=errand.read_only) as connection:
        for text in _before(request):
            await connection.execute(text, request)
        cursor = await connection.execute(statement.sent, statement.values)
        row = _checked(errand, await cursor.fetchone())
        total = await _total(connection, errand, row["total"])
    return _outcome(row, total)


def _before(request: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is run before the statement, in its transaction."""
    told: str = _SQL.tell_request
    return (told, _SQL.take_timezone) if "timezone" in request else (told,)


def _outcome(row: Row, total: int | None) -> Outcome:
    return Outcome(
        row["body"].encode(),
        row["page"],
        total,
        int(row["updated"] or 0),
        row["headers"] or None,
        row["status"] or None,
    )


def _checked(errand: Errand, row: Row | None) -> Row:
    assert row is not None  # an aggregate always has one row
    rows = row["page"]
    if errand.is_put and rows != 1:
        raise other_key()
    if errand.most_rows is not None and rows > errand.most_rows:
        raise RestError(
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            details=f"The query affects {rows} rows",
        )
    if errand.exactly_one and rows != 1:
        raise RestError(
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            details=f"The result contains {rows} rows",
        )
    return row


async def _total(connection: Connection, errand: Errand, counted: int | None) -> int | None:
    plan = errand.statement.plan
    if plan is None or (counted is not None and counted <= MAX_ROWS):
        return counted
    cursor = await connection.execute(plan, errand.statement.values)
    row: Row | None = await cursor.fetchone()
    assert row is not None
    planned = int(row["QUERY PLAN"][0]["Plan"]["Plan Rows"])
    return max(planned, counted or 0)
