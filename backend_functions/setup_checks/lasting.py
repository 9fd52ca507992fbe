"""Whether connections to the database last, as workers need: they listen on one, and act as a role.

Behind a pooler in transaction mode a connection is another one after each transaction.
"""

from typing import Final

import psycopg
from psycopg import AsyncConnection

from backend_functions.db.queries import queries
from backend_functions.setup_checks.finding import Finding

_SQL = queries("setup_checks")
_NAME: Final = "worker's connection"
_CONNECT_SECONDS: Final = 10


async def check_lasting(url: str) -> Finding:
    """Return whether what is set in a session is there after a transaction. Nothing is set for it.

    Two connections ask a few times which process of the database serves them: whether a pooler
    hands out the one it used last or longest ago, one of them is moved, or both have the same.
    """
    try:
        first, second = await _connect(url), None
        try:
            second = await _connect(url)
            seen = [await _served_by(each) for each in (first, first, second, first)]
        finally:
            await first.close()
            if second is not None:
                await second.close()
    except psycopg.OperationalError:
        return Finding(
            _NAME,
            "The database does not give it two connections.",
            "Check SUPABASE_DB_URL, and the bound on connections of its login or pooler.",
        )
    if seen[0] == seen[1] == seen[3] != seen[2]:
        return Finding(_NAME, "It lasts.")
    return Finding(
        _NAME,
        "SUPABASE_DB_URL leads to a pooler in transaction mode, where a worker cannot listen.",
        "Give workers the session pooler or the direct connection (port 5432, not 6543).",
    )


async def _connect(url: str) -> AsyncConnection[tuple[int]]:
    return await AsyncConnection.connect(
        url, autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS
    )


async def _served_by(connection: AsyncConnection[tuple[int]]) -> int:
    row = await (await connection.execute(_SQL.serving_process)).fetchone()
    assert row is not None, "a select without a table has a row"
    return row[0]
