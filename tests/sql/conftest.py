"""Databases for the proofs of the SQL: one for all that roll back, one a module that commits."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.sql.stage import Row, Stage


@pytest.fixture(scope="session")
def rolled_back_database(cluster: Cluster) -> Iterator[str]:
    with new_database(cluster) as name:
        yield name


@pytest.fixture(scope="module")
def module_database(cluster: Cluster) -> Iterator[str]:
    """Give the tests of one module a database that they may commit to."""
    with new_database(cluster) as name:
        yield name


@pytest.fixture
def stage(cluster: Cluster, rolled_back_database: str) -> Iterator[Stage]:
    """Begin a transaction with the server's own login, and roll it back afterwards."""
    url = cluster.url(rolled_back_database)
    with (
        psycopg.connect(url, row_factory=dict_row) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield Stage(connection)


@pytest.fixture
def catalogue(cluster: Cluster, rolled_back_database: str) -> Iterator[Connection[Row]]:
    """Give a superuser's connection, for looking at how things are made."""
    url = cluster.url(rolled_back_database, login=SUPERUSER)
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
        yield connection
