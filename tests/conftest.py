"""What every test may use: one PostgreSQL for the run, a fresh database for a test that asks."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from psycopg import AsyncConnection, sql

from backend_functions.db.migrate import migrate, sql_folder
from backend_functions.db.pool import Database
from backend_functions.embedded.account import Account, choose_account
from backend_functions.embedded.machine_keys import MachineKeys, load_or_create
from backend_functions.embedded.platform import database_url, prepare_database
from backend_functions.embedded.ports import free_port
from backend_functions.embedded.postgres import SUPERUSER, Postgres
from backend_functions.types import Caller

os.environ.pop("POCKETLLM_HOME", None)
settings.register_profile("long", max_examples=2000)


def pytest_collection_finish() -> None:
    """Keep the collector from walking, again and again, over thousands of tests that stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL.

    Its database `platform` has what a hosted project brings, `template` all migrations too.
    """

    keys: MachineKeys
    port: int
    postgres: Postgres

    def restart(self, *, in_order: bool) -> None:
        """Stop it, in order or at once, and start it again in the same place."""
        if in_order:
            self.postgres.stop()
        else:
            self.postgres.kill()
        self.postgres.start(self.port)

    def url(self, database: str, *, login: str = "authenticator") -> str:
        passwords = {
            "authenticator": self.keys.login_password,
            "postgres": self.keys.owner_password,
            SUPERUSER: self.keys.admin_password,
        }
        return database_url(login, passwords[login], self.port, database)


@contextmanager
def running_cluster(folder: Path, account: Account | None = None) -> Iterator[Cluster]:
    """Make a PostgreSQL in a folder, run it, and stop it afterwards.

    Args:
        account: Whose programs are run, if not those of the embedded backend.
    """
    keys, port = load_or_create(folder / "keys.json"), free_port()
    account = account or choose_account(folder)
    postgres = Postgres(account, log=folder / "postgres.log", password=keys.admin_password)
    postgres.create()
    postgres.start(port)
    try:
        asyncio.run(_make_template(Cluster(keys, port, postgres)))
        yield Cluster(keys, port, postgres)
    finally:
        postgres.stop()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start PostgreSQL once for the run (once for each worker of a parallel run)."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


async def _make_template(cluster: Cluster) -> None:
    admin = cluster.url("postgres", login=SUPERUSER)
    # What these databases hold need not outlive the machine, and there are thousands of them.
    await _admin(cluster, "alter system set fsync = off")
    # Each of tens of thousands of connections would hash its password 4,096 times on either side.
    await _admin(cluster, "alter system set scram_iterations = 1")
    await _admin(cluster, "select pg_reload_conf()")
    async with await AsyncConnection.connect(admin, autocommit=True) as connection:
        connection.pgconn.change_password(SUPERUSER.encode(), cluster.keys.admin_password.encode())
    await migrate(admin, sql_folder() / "platform", ledger="platform_migrations")
    await _admin(cluster, "create database platform template postgres")
    await prepare_database(cluster.keys, cluster.port)
    await _admin(cluster, "create database template template postgres")


async def _admin(cluster: Cluster, statement: str, *names: str) -> None:
    url = cluster.url("template1", login=SUPERUSER)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture
async def database_name(cluster: Cluster) -> AsyncIterator[str]:
    """Make a database of its own for this test, with all migrations, and drop it afterwards."""
    name = f"test_{uuid4().hex}"
    await _admin(cluster, "create database {} template template", name)
    yield name
    await _admin(cluster, "drop database {} with (force)", name)


@pytest.fixture
async def db(cluster: Cluster, database_name: str) -> AsyncIterator[Database]:
    """Give the pool that the server would use, on this test's own database."""
    database = Database(cluster.url(database_name), max_size=5)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def owner_connection(
    cluster: Cluster, database_name: str
) -> AsyncIterator[AsyncConnection[tuple[object, ...]]]:
    """Give a superuser's connection to this test's database, for arranging and looking."""
    url = cluster.url(database_name, login=SUPERUSER)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


async def make_user(
    connection: AsyncConnection[tuple[object, ...]], email: str = "alice@example.com"
) -> Caller:
    """Insert a user and return them as a signed-in caller."""
    cursor = await connection.execute(
        "insert into auth.users (email) values (%s) returning id", (email,)
    )
    row = await cursor.fetchone()
    assert row is not None
    user_id = UUID(str(row[0]))
    claims = {"sub": str(user_id), "role": "authenticated", "email": email}
    return Caller("authenticated", claims, user_id)
