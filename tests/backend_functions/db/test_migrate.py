import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from backend_functions.db.migrate import migrate, read_migrations, sql_folder
from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.sql.schema import SCHEMA_FILE, dump_schema

pytestmark = pytest.mark.db

LEDGER = "supabase_migrations"
MIGRATIONS = sql_folder() / "supabase" / "migrations"
VERSIONS = [migration.version for migration in read_migrations(MIGRATIONS)]


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """Give a database that has only what a hosted project brings."""
    with new_database(cluster, "platform") as name:
        yield name


@pytest.fixture
def url(cluster: Cluster, empty: str) -> str:
    return cluster.url(empty, login="postgres")


@pytest.fixture
async def looker(cluster: Cluster, empty: str) -> AsyncIterator[AsyncConnection[tuple[Any, ...]]]:
    admin = cluster.url(empty, login=SUPERUSER)
    async with await AsyncConnection.connect(admin, autocommit=True) as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give two migrations of which the second says what it did."""
    _write(tmp_path, 1, "create table public.one (id int);")
    _write(tmp_path, 2, "create table public.two (id int); insert into public.one values (2);")
    return tmp_path


def _write(folder: Path, number: int, text: str) -> Path:
    path = folder / f"2026010100000{number}_step_{number}.sql"
    path.write_text(text, encoding="utf-8")
    return path


async def _all(connection: AsyncConnection[tuple[Any, ...]], statement: str) -> list[Any]:
    cursor = await connection.execute(statement.encode())
    return [row[0] if len(row) == 1 else row for row in await cursor.fetchall()]


async def _tables(connection: AsyncConnection[tuple[Any, ...]]) -> list[Any]:
    return await _all(
        connection, "select tablename from pg_tables where schemaname = 'public' order by 1"
    )


async def test_everything_is_applied_to_an_empty_database_by_no_superuser(
    cluster: Cluster, empty: str, url: str
) -> None:
    applied = await migrate(url, MIGRATIONS, ledger=LEDGER)

    assert [migration.version for migration in applied] == VERSIONS
    assert dump_schema(cluster, empty) == SCHEMA_FILE.read_text(encoding="utf-8")


async def test_a_second_run_does_nothing(cluster: Cluster, empty: str, url: str) -> None:
    await migrate(url, MIGRATIONS, ledger=LEDGER)

    assert await migrate(url, MIGRATIONS, ledger=LEDGER) == []


async def test_the_ledger_says_what_was_applied(
    folder: Path, url: str, looker: AsyncConnection[tuple[Any, ...]]
) -> None:
    await migrate(url, folder, ledger=LEDGER)

    rows = await _all(
        looker,
        "select version, name, statements from supabase_migrations.schema_migrations order by 1",
    )
    one = "create table public.one (id int);"
    two = "create table public.two (id int); insert into public.one values (2);"
    assert rows == [("20260101000001", "step_1", [one]), ("20260101000002", "step_2", [two])]


async def test_of_several_migrators_one_works_and_the_others_wait(
    cluster: Cluster, empty: str, url: str
) -> None:
    runs = await asyncio.gather(*(migrate(url, MIGRATIONS, ledger=LEDGER) for _ in range(4)))

    assert sorted(len(applied) for applied in runs) == [0, 0, 0, len(VERSIONS)]
    assert dump_schema(cluster, empty) == SCHEMA_FILE.read_text(encoding="utf-8")


async def test_a_migrator_waits_for_one_that_is_at_work(
    folder: Path, url: str, looker: AsyncConnection[tuple[Any, ...]]
) -> None:
    _write(folder, 3, "select pg_sleep(0.3);")
    first = asyncio.create_task(migrate(url, folder, ledger=LEDGER))
    while not await _sleepers(looker):
        await asyncio.sleep(0.01)

    assert await migrate(url, folder, ledger=LEDGER) == []

    assert first.done()
    assert len(await first) == 3


async def test_a_failing_migration_leaves_no_trace_and_those_before_it_stay(
    folder: Path, url: str, looker: AsyncConnection[tuple[Any, ...]]
) -> None:
    broken = _write(folder, 3, "create table public.three (id int); select 1 / 0;")
    _write(folder, 4, "create table public.four (id int);")

    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(url, folder, ledger=LEDGER)

    assert await _tables(looker) == ["one", "two"]
    assert await _all(looker, "select id from public.one") == [2]
    broken.write_text("create table public.three (id int);", encoding="utf-8")
    applied = await migrate(url, folder, ledger=LEDGER)
    assert [migration.name for migration in applied] == ["step_3", "step_4"]
    assert await _tables(looker) == ["four", "one", "three", "two"]


async def _sleepers(connection: AsyncConnection[tuple[Any, ...]]) -> list[Any]:
    return await _all(
        connection,
        "select pid from pg_stat_activity"
        " where datname = current_database() and wait_event = 'PgSleep'",
    )


async def test_a_migrator_killed_at_work_is_followed_by_one_that_ends_it(
    folder: Path, url: str, looker: AsyncConnection[tuple[Any, ...]]
) -> None:
    slow = _write(folder, 3, "create table public.three (id int); select pg_sleep(60);")
    run = asyncio.create_task(migrate(url, folder, ledger=LEDGER))
    while not (pids := await _sleepers(looker)):
        await asyncio.sleep(0.01)

    await looker.execute("select pg_terminate_backend(%s, 5000)", (pids[0],))
    with pytest.raises(psycopg.OperationalError):
        await run

    assert await _tables(looker) == ["one", "two"]
    slow.write_text("create table public.three (id int);", encoding="utf-8")
    assert [migration.name for migration in await migrate(url, folder, ledger=LEDGER)] == ["step_3"]


async def test_stopping_after_any_migration_ends_in_the_same_schema_and_never_opens_a_table(
    cluster: Cluster,
    empty: str,
    url: str,
    looker: AsyncConnection[tuple[Any, ...]],
    tmp_path: Path,
) -> None:
    for path in sorted(MIGRATIONS.glob("*.sql")):
        shutil.copy(path, tmp_path)
        assert len(await migrate(url, tmp_path, ledger=LEDGER)) == 1
        assert await _all(looker, _OPEN_TABLES) == []

    assert dump_schema(cluster, empty) == SCHEMA_FILE.read_text(encoding="utf-8")


_OPEN_TABLES = """
select c.relname from pg_class c
where c.relnamespace in (
  'public'::regnamespace, to_regnamespace('private'), to_regnamespace('search')
)
  and c.relkind = 'r' and not c.relrowsecurity
  and exists (
    select from unnest(array['anon', 'authenticated', 'service_role']) as r
    where has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE')
      or has_table_privilege(r, c.oid, 'DELETE, TRUNCATE')
  )
"""


async def test_no_one_who_watches_ever_sees_a_table_without_row_level_security(
    url: str, looker: AsyncConnection[tuple[Any, ...]]
) -> None:
    run = asyncio.create_task(migrate(url, MIGRATIONS, ledger=LEDGER))
    seen: set[str] = set()
    looks = 0
    while not run.done():
        seen.update(await _all(looker, _OPEN_TABLES))
        looks += 1
    await run

    assert seen == set()
    assert looks > 0


async def test_a_project_that_grants_everything_by_default_ends_with_the_same_rights(
    cluster: Cluster, empty: str, url: str
) -> None:
    everyone = "anon, authenticated, service_role"
    async with await AsyncConnection.connect(url, autocommit=True) as owner:
        for kind in ("tables", "sequences", "functions"):
            defaults = "alter default privileges in schema public"
            await owner.execute(f"{defaults} grant all on {kind} to {everyone}".encode())

        await migrate(url, MIGRATIONS, ledger=LEDGER)

        for kind in ("tables", "sequences", "functions"):
            await owner.execute(f"{defaults} revoke all on {kind} from {everyone}".encode())
    assert dump_schema(cluster, empty) == SCHEMA_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["1_short.sql", "20260101000003.sql", "20260101000003_Upper.sql", "notes.sql"]
)
async def test_a_file_with_another_name_stops_the_migrator_before_it_begins(
    name: str, folder: Path, url: str, looker: AsyncConnection[tuple[Any, ...]]
) -> None:
    (folder / name).write_text("create table public.three (id int);", encoding="utf-8")

    with pytest.raises(ValueError, match="is not named"):
        await migrate(url, folder, ledger=LEDGER)

    assert await _tables(looker) == []


async def test_a_percent_sign_in_a_migration_is_only_text(
    folder: Path, url: str, looker: AsyncConnection[tuple[Any, ...]]
) -> None:
    _write(folder, 3, "insert into public.one select 100 % 7 where 'a%s' like 'a%';")

    await migrate(url, folder, ledger=LEDGER)

    assert await _all(looker, "select id from public.one order by 1") == [2, 2]
