"""The data API over a fresh database, asked by people with unmodified clients."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from postgrest import AsyncPostgrestClient
from psycopg import AsyncConnection, Connection
from psycopg.sql import SQL, Identifier
from starlette.requests import Request

from backend_functions.access import TokenExpired
from backend_functions.db.pool import Database
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.rest.routes import rest_routes
from backend_functions.types import ANONYMOUS, SERVICE, Caller
from tests.conftest import Cluster, make_user

BASE = "http://rest.test/rest/v1"


@dataclass(slots=True)
class People:
    """Who can call: a bearer token here is just a name."""

    callers: dict[str, Caller]

    async def identify(self, request: Request) -> Caller:
        token = request.headers.get("authorization", "Bearer anon").removeprefix("Bearer ")
        if token not in self.callers:
            raise TokenExpired if token == "expired" else NotAuthenticated
        return self.callers[token]

    def id(self, name: str) -> str:
        return str(self.callers[name].user_id)


@pytest.fixture
async def people(owner_connection: AsyncConnection[tuple[object, ...]]) -> People:
    return People(
        {
            "anon": ANONYMOUS,
            "service": SERVICE,
            "alice": await make_user(owner_connection, "alice@example.com"),
            "bob": await make_user(owner_connection, "bob@example.com"),
            "nobody": Caller("authenticated", {"role": "authenticated"}),
        }
    )


@pytest.fixture
async def http(db: Database, people: People) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(db, people) as client:
        yield client


def serve(database: Database, people: People) -> httpx.AsyncClient:
    app = FastAPI(routes=[rest_routes(database, people.identify)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE + "/")


@contextmanager
def made_database(cluster: Cluster, statements: str) -> Iterator[str]:
    """Make a database with all migrations and more, for tests that share it; give its name."""
    name = f"test_{uuid4().hex}"
    admin = cluster.url("template1", login=SUPERUSER)
    with Connection.connect(admin, autocommit=True) as connection:
        connection.execute(
            SQL("create database {} template template strategy file_copy").format(Identifier(name))
        )
    with Connection.connect(cluster.url(name, login=SUPERUSER), autocommit=True) as owner:
        owner.execute(statements.encode())
    yield name
    with Connection.connect(admin, autocommit=True) as connection:
        connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))


@asynccontextmanager
async def serve_database(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a database to callers without a user: anybody and the service."""
    database = Database(url, max_size=2)
    await database.open()
    async with serve(database, People({"anon": ANONYMOUS, "service": SERVICE})) as client:
        yield client
    await database.close()


def as_person(http: httpx.AsyncClient, name: str) -> AsyncPostgrestClient:
    headers = {"Authorization": f"Bearer {name}"}
    return AsyncPostgrestClient(BASE, headers=headers, http_client=http)


async def fetch(query: Any) -> Any:
    """Run a client's query and return its data, whose type the client cannot know."""
    return (await query.execute()).data


@pytest.fixture
def alice(http: httpx.AsyncClient, people: People) -> AsyncPostgrestClient:
    return as_person(http, "alice")


@pytest.fixture
def bob(http: httpx.AsyncClient, people: People) -> AsyncPostgrestClient:
    return as_person(http, "bob")


@pytest.fixture
def service(http: httpx.AsyncClient, people: People) -> AsyncPostgrestClient:
    return as_person(http, "service")
