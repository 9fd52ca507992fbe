"""Databases of their own for tests that commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql

from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster


@contextmanager
def new_database(cluster: Cluster, template: str = "template") -> Iterator[str]:
    """Make a database from a template, owned as the migrations expect, and drop it afterwards."""
    name = sql.Identifier(f"sql_{uuid4().hex}")
    with psycopg.connect(cluster.url("template1", login=SUPERUSER), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {} strategy file_copy owner postgres").format(
                name, sql.Identifier(template)
            )
        )
        yield name.as_string().strip('"')
        admin.execute(sql.SQL("drop database {} with (force)").format(name))
