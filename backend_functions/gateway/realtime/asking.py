"""Has PostgreSQL read the values of filters, and compare what only it can compare."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import orjson
import psycopg

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.realtime.conditions import Condition
from backend_functions.gateway.realtime.filters import BadFilter, Filter
from backend_functions.gateway.realtime.pgoutput import Row
from backend_functions.gateway.realtime.tables import PublishedTable

_SQL = queries("realtime")
_PATIENCE_MILLISECONDS = 500

Fulfilled = set[tuple[Condition, int]]
"""Conditions, and the place of a row that fulfils them."""


async def read_conditions(
    connection: Connection, table: PublishedTable, filters: Sequence[Filter]
) -> tuple[Condition, ...]:
    """Return filters on a table as conditions, in order.

    Raises:
        BadFilter: A value is none of its column's type, or the type has no such operator. The
            transaction is over.
        psycopg.OperationalError: The database failed.
    """
    if not filters:
        return ()
    values = {"oid": table.oid, "filters": _as_json(filters)}
    try:
        cursor = await connection.execute(_SQL.read_filters, values)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise BadFilter(_describe(error)) from error
    types = {column.name: column.type for column in table.columns}
    return tuple(
        Condition(asked, types[asked.column], tuple(row["texts"]), row["is_exact"])
        for asked, row in zip(filters, await cursor.fetchall(), strict=True)
    )


def _describe(error: psycopg.Error) -> str:
    """Return an error of PostgreSQL as the real service's driver words it."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    return f"ERROR {error.sqlstate} ({name}) {error.diag.message_primary}"


async def find_fulfilled(
    connection: Connection,
    table: PublishedTable,
    rows: Mapping[int, Row],
    asked: Mapping[str, Set[Condition]],
) -> tuple[Fulfilled, set[str]]:
    """Compare rows of one table with conditions.

    A pattern can be such that comparing takes for ever. Then those who ask are told apart, so that
    nobody is kept waiting by another for longer than a moment.

    Args:
        rows: By their places.
        asked: By the identity of who asks.

    Returns:
        What is fulfilled, and the identities whose conditions take too long.
    """
    everything = frozenset().union(*asked.values())
    if not everything:
        return set(), set()
    cursor = await connection.execute(_SQL.time_allowed)
    before = await cursor.fetchone()
    assert before is not None
    await _allow(connection, str(_PATIENCE_MILLISECONDS))
    found = await _compare(connection, table, rows, everything)
    slow = set()
    if found is None:
        found = set()
        for identity, conditions in asked.items():
            some = await _compare(connection, table, rows, conditions)
            if some is None:
                slow.add(identity)
            else:
                found |= some
    await _allow(connection, before["allowed"])
    return found, slow


async def _allow(connection: Connection, milliseconds: str) -> None:
    await connection.execute(_SQL.bound_time, {"milliseconds": milliseconds})


async def _compare(
    connection: Connection,
    table: PublishedTable,
    rows: Mapping[int, Row],
    asked: Iterable[Condition],
) -> Fulfilled | None:
    """Return what is fulfilled, or None if that takes too long."""
    conditions, places = list(asked), list(rows)
    columns = {condition.filter.column for condition in conditions}
    told = [{name: row[name] for name in columns & row.keys()} for row in rows.values()]
    values = {
        "oid": table.oid,
        "rows": orjson.dumps(told).decode(),
        "filters": _as_json([condition.filter for condition in conditions]),
    }
    try:
        async with connection.transaction():
            cursor = await connection.execute(_SQL.fulfil, values)
            pairs = await cursor.fetchall()
    except psycopg.errors.QueryCanceled:
        return None
    return {(conditions[pair["filter"] - 1], places[pair["place"] - 1]) for pair in pairs}


def _as_json(filters: Iterable[Filter]) -> str:
    listed: list[dict[str, Any]] = [
        {"column": one.column, "op": one.operator, "value": one.value, "negate": one.is_negated}
        for one in filters
    ]
    return orjson.dumps(listed).decode()
