"""Applies SQL migrations, each in one transaction together with its line in the ledger.

The ledger of `sql/supabase` is the one the Supabase CLI keeps, so that `supabase migration list`
agrees with us. An advisory lock lets one of several migrators work while the others wait.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, sql

_NAME = re.compile(r"(\d{14})_([a-z0-9_]+)\.sql")
_LOCK = 7_202_611_220_001


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its 14-digit version, its subject and its text."""

    version: str
    name: str
    text: str


def sql_folder() -> Path:
    """Return the folder with `platform/` and `supabase/`: in the wheel, or beside the packages."""
    packaged = Path(__file__).resolve().parents[1] / "sql"
    return packaged if packaged.is_dir() else packaged.parents[1] / "sql"


def read_migrations(folder: Path) -> list[Migration]:
    """Return the migrations of a folder, oldest first.

    Raises:
        ValueError: A file's name is not 14 digits, an underscore and a subject.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path} is not named <14 digits>_<subject>.sql")
        found.append(Migration(match[1], match[2], path.read_text(encoding="utf-8")))
    return found


async def applied_versions(connection: AsyncConnection[object], ledger: str) -> set[str]:
    """Return the versions in a ledger schema, which is created when missing."""
    schema = sql.Identifier(ledger)
    await connection.execute(sql.SQL("create schema if not exists {}").format(schema))
    await connection.execute(
        sql.SQL(
            "create table if not exists {}.schema_migrations"
            " (version text primary key, statements text[], name text)"
        ).format(schema)
    )
    return await _versions(connection, ledger)


async def _versions(connection: AsyncConnection[Any], ledger: str) -> set[str]:
    query = sql.SQL("select version from {}.schema_migrations").format(sql.Identifier(ledger))
    cursor = await connection.execute(query)
    return {row[0] for row in await cursor.fetchall()}


async def read_ledger(url: str, *, ledger: str) -> set[str]:
    """Return the versions that were applied, changing nothing; none where no ledger is kept.

    Raises:
        psycopg.Error: The database does not answer, or the login may not read the ledger.
    """
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        table = f"{ledger}.schema_migrations"
        cursor = await connection.execute("select to_regclass(%s) is not null", (table,))
        if await cursor.fetchone() != (True,):
            return set()
        return await _versions(connection, ledger)


async def migrate(url: str, folder: Path, *, ledger: str) -> list[Migration]:
    """Apply what is missing and return it, oldest first; a second run returns nothing.

    Args:
        url: A login that owns what the migrations touch.
        folder: Where the files lie.
        ledger: The schema that remembers what was applied.

    Raises:
        psycopg.Error: A statement failed; its migration left no trace.
    """
    migrations = read_migrations(folder)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        done = await applied_versions(connection, ledger)
        missing = [migration for migration in migrations if migration.version not in done]
        for migration in missing:
            async with connection.transaction():
                await connection.execute(migration.text.encode())
                await connection.execute(
                    sql.SQL("insert into {}.schema_migrations values (%s, %s, %s)").format(
                        sql.Identifier(ledger)
                    ),
                    (migration.version, [migration.text], migration.name),
                )
        return missing
