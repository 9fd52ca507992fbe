"""Finds out which callers may see which changes: one question for each table, not one a caller."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.realtime.pgoutput import Change, Row
from backend_functions.gateway.realtime.tables import PublishedTable

_SQL = queries("realtime")

_VISIBLE_SECONDS = 30.0
_LOOK_SECONDS = 0.002

Seen = set[tuple[str, int]]
"""Pairs of an identity and the place of a change in the list that was asked about."""


class TransactionHangs(Exception):
    """A transaction is in the log, and yet nobody sees what it did."""


async def wait_until_visible(connection: Connection, changes: Iterable[Change]) -> None:
    """Return when a new statement sees what these changes have done.

    PostgreSQL tells of a commit as soon as it is in the log, and shows its rows to others a moment
    later: for as long as that backend has to wait for a processor, or for a standby. Who asked in
    between would find no row, and nobody would be told of the change.

    Args:
        connection: One whose statements each see what was committed before them.

    Raises:
        TransactionHangs: It is not visible after some seconds.
    """
    numbers = list({change.transaction for change in changes})
    loop = asyncio.get_running_loop()
    patience_ends = loop.time() + _VISIBLE_SECONDS
    while await _count_transactions_to_come(connection, numbers):
        if loop.time() > patience_ends:
            raise TransactionHangs
        await asyncio.sleep(_LOOK_SECONDS)


async def _count_transactions_to_come(connection: Connection, numbers: list[int]) -> int:
    cursor = await connection.execute(_SQL.transactions_to_come, {"numbers": numbers})
    row = await cursor.fetchone()
    assert row is not None
    return int(row["count"])


async def who_sees(
    connection: Connection,
    table: PublishedTable,
    changes: Sequence[tuple[int, Change]],
    identities: Iterable[str],
) -> Seen:
    """Return who may see which changes of one table.

    A row that was inserted or updated is shown to those who may select it now. A row that was
    deleted is shown to those whom the policies would let see it, judged by what is known of it.

    Args:
        changes: Each with its place, which comes back.
        identities: Roles and claims, as `identity_of` writes them.
    """
    # Sorted, so that neighbours share a role: taking another one costs a plan.
    callers = sorted(identities)
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[int, Row]]] = defaultdict(list)
    for place, change in changes:
        if change.kind == "DELETE":
            groups[_SQL.who_might_see, tuple(change.old)].append((place, change.old))
        else:
            key = {name: change.new.get(name) for name in table.key}
            groups[_SQL.who_may_see, table.key].append((place, key))
    seen: Seen = set()
    for (question, _), rows in groups.items():
        values = {
            "oid": table.oid,
            "rows": orjson.dumps([_typed(row, table) for _, row in rows]).decode(),
            "callers": f"[{','.join(callers)}]",
        }
        cursor = await connection.execute(question, values)
        for pair in await cursor.fetchall():
            seen.add((callers[pair["caller"] - 1], rows[pair["place"] - 1][0]))
    return seen


def _typed(row: Row, table: PublishedTable) -> dict[str, Any]:
    """Return a row for `jsonb_populate_record`, which reads every text as the column's type."""
    documents = {column.name for column in table.columns if column.base in ("json", "jsonb")}
    return {
        name: orjson.Fragment(value) if name in documents and value is not None else value
        for name, value in row.items()
    }
