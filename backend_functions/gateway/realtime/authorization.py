"""Asks the policies on `realtime.messages` who may read and write a private channel.

Source: `authorization.ex` of supabase/realtime: probes that are inserted, read back as the caller,
and never kept.
"""

from collections.abc import Sequence

import psycopg

from backend_functions.db.pool import Connection, Database, take_role
from backend_functions.db.queries import queries
from backend_functions.types import SERVICE, Caller

_SQL = queries("realtime")

EXTENSIONS = ("broadcast", "presence")


async def rights_to_read(database: Database, caller: Caller, name: str) -> frozenset[str]:
    """Return which of broadcast and presence a caller may hear on a private channel.

    Raises:
        Unavailable: No connection to the database could be had.
    """
    try:
        async with (
            database.act_as(SERVICE) as connection,
            connection.transaction(force_rollback=True),
        ):
            probes = {}
            for extension in EXTENSIONS:
                probes[await _probe(connection, name, extension)] = extension
            await take_role(connection, caller)
            await connection.execute(_SQL.tell_topic, {"topic": name})
            cursor = await connection.execute(_SQL.readable_probes, {"ids": list(probes)})
            return frozenset(probes[row["id"]] for row in await cursor.fetchall())
    except psycopg.errors.InsufficientPrivilege:
        return frozenset()


async def rights_to_write(
    database: Database,
    caller: Caller,
    name: str,
    extensions: Sequence[str] = EXTENSIONS,
) -> frozenset[str]:
    """Return which of broadcast and presence a caller may send on a private channel.

    Raises:
        Unavailable: No connection to the database could be had.
    """
    allowed = set()
    async with database.act_as(caller) as connection:
        await connection.execute(_SQL.tell_topic, {"topic": name})
        for extension in extensions:
            try:
                async with connection.transaction(force_rollback=True):
                    await connection.execute(
                        _SQL.try_to_write, {"topic": name, "extension": extension}
                    )
                    allowed.add(extension)
            except psycopg.errors.InsufficientPrivilege:
                continue
    return frozenset(allowed)


async def _probe(connection: Connection, name: str, extension: str) -> object:
    cursor = await connection.execute(_SQL.probe, {"topic": name, "extension": extension})
    row = await cursor.fetchone()
    assert row is not None
    return row["id"]
