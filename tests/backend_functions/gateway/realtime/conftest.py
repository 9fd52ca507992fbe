"""Realtime on a real socket, over a database of the test's own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from starlette.applications import Starlette

from backend_functions.access import ApiKeys, FixedKeys, TokenVerifier
from backend_functions.db.pool import Database
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.gateway.realtime.limits import RealtimeLimits
from backend_functions.gateway.realtime.routes import Realtime
from backend_functions.types import Caller
from tests.conftest import Cluster, make_user
from tests.support.phoenix import PATIENCE, PhoenixClient, phoenix
from tests.support.serving import served

ISSUER = "http://test/auth/v1"
PUBLISHABLE, SECRET = "sb_publishable_test", "sb_secret_test"

Owner = AsyncConnection[tuple[object, ...]]


@dataclass(slots=True)
class Service:
    """The running service, and what a test needs to arrange and look."""

    url: str
    realtime: Realtime
    signer: TokenSigner
    database: Database
    owner: Owner
    sessions: set[UUID] = field(default_factory=set)
    """Of the tokens that were made."""
    ended_sessions: set[UUID] = field(default_factory=set)

    def token(self, caller: Caller, *, seconds: float = 3600, **claims: Any) -> str:
        """Return a token of a user, by default good for an hour."""
        now = time.time()
        session_id = uuid4()
        self.sessions.add(session_id)
        known = {"iss": ISSUER, "aud": "authenticated", "iat": int(now) - 120, "exp": now + seconds}
        return self.signer.sign({**caller.claims, **known, "session_id": str(session_id), **claims})

    def connect(
        self, *, key: str = PUBLISHABLE, version: str = "1.0.0", **options: Any
    ) -> AbstractAsyncContextManager[PhoenixClient]:
        return phoenix(self.url, key, version=version, **options)

    async def insert(self, caller: Caller, table: str, **values: Any) -> str:
        """Insert a row as a user and return its id."""
        marks = ", ".join(f"%({name})s" for name in values)
        statement = (
            f"insert into public.{table} ({', '.join(values)}) values ({marks}) returning id"  # noqa: S608
        )
        async with self.database.act_as(caller) as connection:
            cursor = await connection.execute(statement.encode(), values)
            row = await cursor.fetchone()
        assert row is not None
        return str(row["id"])

    async def run(self, statement: str, *values: object) -> None:
        """Run a statement as the superuser."""
        await self.owner.execute(statement.encode(), values)

    async def slots(self) -> int:
        """Return how many slots there are on this test's database."""
        cursor = await self.owner.execute(
            "select count(*)::int from pg_replication_slots where database = current_database()"
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(str(row[0]))


@pytest.fixture
def limits() -> RealtimeLimits:
    """Override to test a bound."""
    return RealtimeLimits(recheck_seconds=0.2)


@pytest.fixture
async def service(
    cluster: Cluster,
    db: Database,
    database_name: str,
    owner_connection: Owner,
    limits: RealtimeLimits,
) -> AsyncIterator[Service]:
    signer = TokenSigner(cluster.keys.signing_key_pem, issuer=ISSUER)
    ended: set[UUID] = set()

    async def is_live(session_id: UUID) -> bool:
        return session_id not in ended

    verifier = TokenVerifier(
        issuer=ISSUER, keys=FixedKeys(signer.public_keys), is_session_live=is_live
    )
    realtime = Realtime.build(
        db,
        cluster.url(database_name, login="postgres"),
        verifier,
        ApiKeys((PUBLISHABLE,), (SECRET,)),
        limits,
    )

    async with served(app_of(realtime)) as url:
        service = Service(url, realtime, signer, db, owner_connection, ended_sessions=ended)
        yield service
    await until(lambda: _has_no_slot(service))


def app_of(realtime: Realtime) -> Starlette:
    """Return an app that is nothing but this service."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with realtime.lifespan():
            yield

    return Starlette(routes=[realtime.routes()], lifespan=lifespan)


async def _has_no_slot(service: Service) -> bool:
    # A database cannot be dropped while the server still ends a slot on it.
    return await service.slots() == 0


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not await is_so():
            await asyncio.sleep(0.01)


@pytest.fixture
async def alice(owner_connection: Owner) -> Caller:
    return await make_user(owner_connection, "alice@example.com")


@pytest.fixture
async def bob(owner_connection: Owner) -> Caller:
    return await make_user(owner_connection, "bob@example.com")
