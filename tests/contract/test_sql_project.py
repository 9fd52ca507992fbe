"""`supabase db push` and `pocketllm admin migrate` make the same database, and agree on it."""

import asyncio
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend_functions.admin.__main__ import main
from backend_functions.db.migrate import migrate, read_migrations, sql_folder
from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.contract.node import node_environment, supabase_command
from tests.sql.databases import new_database
from tests.sql.schema import SCHEMA_FILE, dump_schema

pytestmark = pytest.mark.db

PROJECT = sql_folder() / "supabase"
MIGRATIONS = read_migrations(PROJECT / "migrations")
LEDGER = "supabase_migrations"

# Row level security shuts these, whatever may be granted one day: no client has any right to them.
FOR_FUNCTIONS_ONLY = {
    "rls_enabled_no_policy audit.entries",
    "rls_enabled_no_policy private.erased_chats",
    "rls_enabled_no_policy private.job_outcomes",
    "rls_enabled_no_policy private.job_runs",
    "rls_enabled_no_policy private.running_answers",
    "rls_enabled_no_policy procrastinate.procrastinate_events",
    "rls_enabled_no_policy procrastinate.procrastinate_jobs",
    "rls_enabled_no_policy procrastinate.procrastinate_periodic_defers",
    "rls_enabled_no_policy procrastinate.procrastinate_workers",
    "rls_enabled_no_policy search.entries",
}

# The n-th statement from now that defines something ends its connection, as a crash would.
_MINE = """
create schema mine;
create table mine.plan (left_over int);
insert into mine.plan values (0);
create sequence mine.count;
create function mine.go_off() returns event_trigger
language plpgsql security definer set search_path = '' as $$
begin
  if nextval('mine.count') = (select left_over from mine.plan) then
    perform pg_terminate_backend(pg_backend_pid());
  end if;
end
$$;
create event trigger mine on ddl_command_end execute function mine.go_off();
"""


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """Give a database that has only what a hosted project brings."""
    with new_database(cluster, "platform") as name:
        yield name


@pytest.fixture
def url(cluster: Cluster, empty: str) -> str:
    return cluster.url(empty, login="postgres")


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """Give a project that has the first half of the migrations."""
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True)
    shutil.copy(PROJECT / "config.toml", folder.parent)
    for path in sorted((PROJECT / "migrations").glob("*.sql"))[: len(MIGRATIONS) // 2]:
        shutil.copy(path, folder)
    return tmp_path


def supabase(*words: str, project: Path = PROJECT.parent) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        supabase_command(*words, "--workdir", str(project)),
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=100,
    )


def push(url: str, project: Path = PROJECT.parent) -> str:
    done = supabase("db", "push", f"--remote={url}", "--yes", project=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def admin(url: str, *options: str) -> Any:
    """Run `pocketllm admin migrate`'s program and return its report."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setenv("SUPABASE_DB_URL", url)
        assert main(["migrate", "--json", *options]) == 0
    return json.loads(out.getvalue())


def assert_complete(cluster: Cluster, database: str) -> None:
    with psycopg.connect(cluster.url(database, login=SUPERUSER)) as connection:
        rows = connection.execute(
            "select version, name from supabase_migrations.schema_migrations order by version"
        ).fetchall()
    assert rows == [(migration.version, migration.name) for migration in MIGRATIONS]
    assert dump_schema(cluster, database) == SCHEMA_FILE.read_text(encoding="utf-8")


def test_what_one_has_applied_the_other_knows(cluster: Cluster, empty: str, url: str) -> None:
    everything = [migration.version for migration in MIGRATIONS]
    assert admin(url, "--dry-run")["pending"] == everything
    assert admin(url, "--status") == {
        "applied": [],
        "pending": everything,
        "unknown": [],
        "is_done": False,
    }

    push(url)

    assert_complete(cluster, empty)
    assert admin(url, "--status")["applied"] == everything
    assert admin(url)["pending"] == []
    assert "up to date" in push(url)
    assert_complete(cluster, empty)


def test_the_cli_finds_nothing_to_do_where_we_were_first(
    cluster: Cluster, empty: str, url: str
) -> None:
    assert len(admin(url)["pending"]) == len(MIGRATIONS)

    assert "up to date" in push(url)
    assert_complete(cluster, empty)


def test_either_goes_on_where_the_other_stopped(
    cluster: Cluster, empty: str, url: str, half: Path
) -> None:
    push(url, half)
    assert len(admin(url)["pending"]) == len(MIGRATIONS) - len(MIGRATIONS) // 2
    assert_complete(cluster, empty)

    with new_database(cluster, "platform") as other:
        address = cluster.url(other, login="postgres")
        asyncio.run(migrate(address, half / "supabase" / "migrations", ledger=LEDGER))
        push(address)
        assert_complete(cluster, other)


def test_both_at_once_end_in_one_schema(cluster: Cluster, empty: str, url: str) -> None:
    with ThreadPoolExecutor() as threads:
        pushing = threads.submit(supabase, "db", "push", f"--remote={url}", "--yes")
        while not pushing.done() and not ledger(cluster, empty):
            pass
        ours = threads.submit(asyncio.run, migrate(url, PROJECT / "migrations", ledger=LEDGER))

    # The CLI takes no lock: one of the two may have met what the other had just made.
    assert pushing.result().returncode == 0 or ours.exception() is None
    admin(url)
    assert "up to date" in push(url)
    assert_complete(cluster, empty)


def go_off_after(cluster: Cluster, database: str, statements: int) -> None:
    with psycopg.connect(cluster.url(database, login=SUPERUSER), autocommit=True) as connection:
        connection.execute("select setval('mine.count', 1, false)")
        connection.execute("update mine.plan set left_over = %s", (statements,))


def ledger(cluster: Cluster, database: str) -> int:
    with psycopg.connect(cluster.url(database, login=SUPERUSER), autocommit=True) as connection:
        try:
            rows = connection.execute("select from supabase_migrations.schema_migrations")
        except psycopg.errors.UndefinedTable:
            return 0
        return rows.rowcount


async def test_killed_at_any_statement_it_ends_in_the_same_schema(
    cluster: Cluster, empty: str, url: str
) -> None:
    with psycopg.connect(cluster.url(empty, login=SUPERUSER), autocommit=True) as connection:
        connection.execute(_MINE)
    statement, applied, deaths = 1, 0, 0
    while True:
        go_off_after(cluster, empty, statement)
        try:
            await migrate(url, PROJECT / "migrations", ledger=LEDGER)
            break
        except psycopg.OperationalError:
            deaths += 1
        before, applied = applied, ledger(cluster, empty)
        statement = 2 if applied > before else statement + 6

    assert deaths > len(MIGRATIONS)
    assert_complete(cluster, empty)


def test_a_push_that_was_killed_is_taken_up_by_either(
    cluster: Cluster, empty: str, url: str
) -> None:
    with psycopg.connect(cluster.url(empty, login=SUPERUSER), autocommit=True) as connection:
        connection.execute(_MINE)
    for statements in (60, 30):
        go_off_after(cluster, empty, statements)
        killed = supabase("db", "push", f"--remote={url}", "--yes")
        assert killed.returncode != 0, killed.stdout
        assert 0 < ledger(cluster, empty) < len(MIGRATIONS)

    go_off_after(cluster, empty, 0)
    admin(url)
    assert "up to date" in push(url)
    assert_complete(cluster, empty)


def test_the_lints_of_supabase_find_nothing(cluster: Cluster) -> None:
    with new_database(cluster) as name:
        url = cluster.url(name, login="postgres")
        done = supabase(
            *("db", "advisors", f"--remote={url}", "--type", "all"),
            *("--level", "info", "--fail-on", "warn", "--output-format", "json"),
        )

    assert done.returncode == 0, done.stdout + done.stderr
    remarks = json.loads(done.stdout)["results"]
    assert {remark["level"] for remark in remarks} <= {"INFO"}
    told = {
        f"{remark['name']} {remark['metadata']['schema']}.{remark['metadata']['name']}"
        for remark in remarks
        if remark["name"] != "unused_index"  # nobody has asked this new database anything
    }
    assert told == FOR_FUNCTIONS_ONLY
