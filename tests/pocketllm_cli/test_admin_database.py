"""Migrations and the address of a hosted backend's database, on a real one."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import psycopg
import pytest

from backend_functions.db.migrate import read_migrations, sql_folder
from pocketllm_cli import credentials
from pocketllm_cli.errors import ExitCode
from tests.conftest import Cluster
from tests.pocketllm_cli.conftest import Cli
from tests.sql.databases import new_database

pytestmark = pytest.mark.db

FOREIGN = "postgresql://postgres:correct-horse@db.example.co:5432/postgres"
VERSIONS = [each.version for each in read_migrations(sql_folder() / "supabase" / "migrations")]


@dataclass(slots=True)
class MemoryKeyring:
    """A keyring that keeps secrets in memory."""

    secrets: dict[tuple[str, str], str] = field(default_factory=dict)

    def get_password(self, service: str, name: str, /) -> str | None:
        return self.secrets.get((service, name))

    def set_password(self, service: str, name: str, password: str, /) -> None:
        self.secrets[service, name] = password

    def delete_password(self, service: str, name: str, /) -> None:
        del self.secrets[service, name]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    made = MemoryKeyring()
    monkeypatch.setattr(credentials, "system_keyring", lambda: made)
    return made


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands mean a hosted backend, which none of them here asks."""
    monkeypatch.setenv("POCKETLLM_URL", "https://project.example.co")
    monkeypatch.setenv("POCKETLLM_ANON_KEY", "sb_publishable_x")


@pytest.fixture
def address(cluster: Cluster) -> Iterator[str]:
    """The owner's login of a database without our migrations."""
    with new_database(cluster, "platform") as name:
        yield cluster.url(name, login="postgres")


def test_migrations_are_told_tried_applied_and_not_applied_twice(
    cli: Cli, keyring: MemoryKeyring, address: str
) -> None:
    kept = cli("admin", "database", "keep", "--url-stdin", stdin=address.encode() + b"\n")

    would = cli("admin", "migrate", "--dry-run", "--json")
    done = cli("admin", "migrate")
    told = cli("admin", "migrate", "--status")

    assert kept.exit_code == 0
    assert json.loads(would.out) == {
        "applied": [], "pending": VERSIONS, "unknown": [], "is_done": False,
    }  # fmt: skip
    assert done.out.splitlines() == [f"{version}\tapplied now" for version in VERSIONS]
    assert told.out.splitlines() == [
        *(f"{version}\tapplied" for version in VERSIONS),
        f"The database has all {len(VERSIONS)} migrations.",
    ]
    with closing(psycopg.connect(address)) as connection:
        noted = connection.execute("select deed, details ->> 'applied' from audit.entries")
        assert noted.fetchall() == [("migrate", str(len(VERSIONS)))]
        (count,) = connection.execute("select count(*) from public.chats").fetchone() or (None,)
    assert count == 0
    password = address.partition("@")[0].rpartition(":")[2]
    assert not [each for each in (kept, would, done, told) if password in each.out + each.err]


def test_a_migration_that_fails_and_a_database_that_is_away_are_said_in_a_sentence(
    cli: Cli, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute("create table public.profiles ()")
    monkeypatch.setenv("SUPABASE_DB_URL", address)

    failed = cli("admin", "migrate")
    monkeypatch.setenv("SUPABASE_DB_URL", "postgresql://postgres:x@127.0.0.1:1/postgres")
    away = cli("admin", "migrate", "--status", "--json")

    assert failed.exit_code == away.exit_code == ExitCode.FAILURE
    assert failed.err == 'A migration could not be applied: relation "profiles" already exists\n'
    assert "cannot be reached" in json.loads(away.err)["error"]["message"]
    assert failed.out == away.out == ""


def test_a_migration_that_fails_has_its_beginning_and_its_end_among_what_was_done(
    cli: Cli, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPABASE_DB_URL", address)
    assert cli("admin", "migrate").exit_code == ExitCode.OK
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute(
            "delete from supabase_migrations.schema_migrations where version = %s", (VERSIONS[0],)
        )

        failed = cli("admin", "migrate")

        noted = connection.execute(
            "select deed, details ->> 'state', details ->> 'pending' from audit.entries order by id"
        ).fetchall()
    assert failed.exit_code == ExitCode.FAILURE
    assert noted == [
        ("migrate", "done", None),  # what begins without the list has no beginning there
        ("migrate", "begun", "1"),
        ("migrate", "failed", None),
    ]


def test_two_questions_at_once_are_no_command(cli: Cli) -> None:
    result = cli("admin", "migrate", "--status", "--dry-run")

    assert (result.exit_code, result.out) == (ExitCode.USAGE, "")


def test_the_address_is_in_the_keyring_alone_and_never_shown_with_its_password(
    cli: Cli, keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("admin", "database", "keep", "--url-stdin", stdin=FOREIGN.encode())
    shown = cli("admin", "database", "--json")
    monkeypatch.setenv("SUPABASE_DB_URL", "postgresql://owner@elsewhere.example.co/postgres")
    overridden = cli("admin", "database", "show")
    monkeypatch.delenv("SUPABASE_DB_URL")
    cli("admin", "database", "forget")
    gone = cli("admin", "database", "show")

    assert json.loads(shown.out) == {
        "host": "db.example.co", "login": "postgres", "source": "keyring",
    }  # fmt: skip
    assert overridden.out == "owner@elsewhere.example.co, from the environment\n"
    assert gone.exit_code == ExitCode.NOT_FOUND
    assert "admin database keep" in gone.err
    assert keyring.secrets == {}


@pytest.mark.parametrize(
    "given", ["", "https://example.co", "postgresql://", "postgresql://[", "word"]
)
def test_what_is_no_address_is_not_kept(cli: Cli, keyring: MemoryKeyring, given: str) -> None:
    result = cli("admin", "database", "keep", "--url-stdin", stdin=given.encode())

    assert result.exit_code == ExitCode.USAGE
    assert keyring.secrets == {}


def test_without_a_keyring_the_address_is_kept_nowhere(cli: Cli) -> None:
    result = cli("admin", "database", "keep", "--url-stdin", stdin=FOREIGN.encode())

    assert result.exit_code == ExitCode.FAILURE
    assert "no system keyring" in result.err


def test_the_embedded_backend_needs_no_address(
    cli: Cli, keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POCKETLLM_URL")
    monkeypatch.delenv("POCKETLLM_ANON_KEY")

    assert cli("admin", "database", "show").exit_code == ExitCode.USAGE
