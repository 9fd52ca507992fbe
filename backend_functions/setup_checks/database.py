"""What the database itself says of the setup: is it complete and closed, what time is it there."""

import time
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from backend_functions.db.migrate import read_migrations, sql_folder
from backend_functions.db.pool import Connection, take_role
from backend_functions.db.queries import queries
from backend_functions.setup_checks.finding import Finding
from backend_functions.types import SERVICE

_SQL = queries("setup_checks")
_APPLIED = queries("operations").applied_migrations
_MOST_SKEW_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 10
_MIGRATE: Final = (
    "Apply them: `supabase db push --workdir sql`, or `python -m backend_functions.admin migrate`."
)


class DatabaseUnreachable(Exception):
    """No connection; the message never holds the address, which has a password in it."""


async def check_database(url: str) -> list[Finding]:
    """Ask the database.

    Raises:
        DatabaseUnreachable: It does not answer, or does not take the login.
    """
    try:
        async with await AsyncConnection.connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            row_factory=dict_row,
            connect_timeout=_CONNECT_SECONDS,
        ) as connection:
            return await _check(connection)
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(type(error).__name__) from error


async def _check(connection: Connection) -> list[Finding]:
    clock = await _check_clock(connection)
    try:
        missing = await _missing_migrations(connection)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
        return [clock, _wrong_login()]
    if missing:
        count = f"{len(missing)} are missing, from {missing[0]} on."
        return [clock, Finding("migrations", count, _MIGRATE)]
    return [
        clock,
        Finding("migrations", "All are applied."),
        await _check_tables(connection),
        await _check_bucket(connection),
    ]


def _wrong_login() -> Finding:
    return Finding(
        "database login",
        "The login in SUPABASE_DB_URL may not take the role service_role.",
        "Use the project's `postgres` or `authenticator`, or grant it: `grant authenticator to …`.",
    )


async def _missing_migrations(connection: Connection) -> list[str]:
    folder = sql_folder() / "supabase" / "migrations"
    needed = {migration.version for migration in read_migrations(folder)}
    try:
        rows = await _fetch(connection, _APPLIED)
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
        rows = []
    return sorted(needed - {row["version"] for row in rows})


async def _check_tables(connection: Connection) -> Finding:
    open_tables = [row["name"] for row in await _fetch(connection, _SQL.unprotected_tables)]
    name = "row level security"
    if open_tables:
        mend = "; ".join(f"alter table {table} enable row level security" for table in open_tables)
        told = f"It is off: everybody may read {', '.join(open_tables)}."
        return Finding(name, told, f"Run in the project's SQL editor: {mend};")
    return Finding(name, "It is on for every table.")


async def _check_bucket(connection: Connection) -> Finding:
    rows = await _fetch(connection, _SQL.bucket)
    if not rows:
        return Finding(
            "bucket",
            "There is no bucket user_assets.",
            "A migration makes it; make it again under Storage: `user_assets`, not public.",
        )
    if rows[0]["is_public"]:
        return Finding(
            "bucket",
            "The bucket user_assets is public: everybody can read every file in it.",
            "Run in the project's SQL editor:"
            " update storage.buckets set public = false where id = 'user_assets';",
        )
    return Finding("bucket", "The bucket user_assets is private.")


async def _check_clock(connection: Connection) -> Finding:
    before = time.time()
    cursor = await connection.execute(_SQL.database_time)
    row = await cursor.fetchone()
    after = time.time()
    assert row is not None, "a select without a table has a row"
    skew = max(row["seconds"] - after, before - row["seconds"], 0.0)
    if skew > _MOST_SKEW_SECONDS:
        return Finding(
            "clock",
            f"This machine and the database are {skew:.0f} seconds apart.",
            "Set this machine's clock: `timedatectl set-ntp true`.",
        )
    return Finding("clock", f"It agrees with the database's to {_MOST_SKEW_SECONDS:.0f} seconds.")


async def _fetch(connection: Connection, statement: Any) -> list[dict[str, Any]]:
    async with connection.transaction():
        await take_role(connection, SERVICE)
        return await (await connection.execute(statement)).fetchall()
