"""The functions on a real socket, over a database of the test's own."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from psycopg import AsyncConnection

from backend_functions.access import FixedKeys, TokenVerifier
from backend_functions.app import Services, function_routes, make_app
from backend_functions.db.pool import Database
from backend_functions.embedded.machine_keys import MachineKeys
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.settings import Limits, LocalModel, Settings, parse_master_keys
from backend_functions.types import Caller
from tests.conftest import Cluster, make_user
from tests.support.plain import NO_TLS
from tests.support.serving import served
from tests.support.upstream import Upstream

ISSUER = "http://test/auth/v1"


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in user with an HTTP client of their own."""

    caller: Caller
    http: httpx.AsyncClient

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.http.post(f"/functions/v1{path}", json=body, headers=headers)


@dataclass(frozen=True, slots=True)
class Functions:
    """The running functions, and what a test needs to arrange and look."""

    url: str
    services: Services
    signer: TokenSigner
    connection: AsyncConnection[tuple[object, ...]]

    def token(self, caller: Caller, **claims: Any) -> str:
        now = int(time.time())
        return self.signer.sign(
            {
                **caller.claims,
                "iss": ISSUER,
                "aud": "authenticated",
                "iat": now,
                "exp": now + 3600,
                "session_id": str(uuid4()),
                **claims,
            }
        )

    async def person(self, email: str) -> Person:
        caller = await make_user(self.connection, email)
        headers = {"authorization": f"Bearer {self.token(caller)}"}
        return Person(
            caller, httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, verify=NO_TLS)
        )

    async def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        cursor = await self.connection.execute(statement.encode(), values)
        return await cursor.fetchall()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream().running() as running:
        yield running


@pytest.fixture
def limits() -> Limits:
    """Override to test a bound."""
    return Limits(idle_seconds=5, first_token_seconds=5)


@pytest.fixture
def make_settings(cluster: Cluster, database_name: str, limits: Limits) -> Callable[..., Settings]:
    def make(**changes: Any) -> Settings:
        settings = Settings(
            mode="embedded",
            supabase_url="http://test",
            database_url=cluster.url(database_name),
            publishable_key="sb_publishable_test",
            secret_key="sb_secret_test",
            master_keys=parse_master_keys(cluster.keys.master_keys),
            limits=limits,
        )
        return replace(settings, **changes)

    return make


@pytest.fixture
async def functions(
    cluster: Cluster,
    make_settings: Callable[..., Settings],
    owner_connection: AsyncConnection[tuple[object, ...]],
    upstream: Upstream,
) -> AsyncIterator[Functions]:
    """Serve the functions; the local model is the upstream."""
    local = LocalModel("any", upstream.base_url, "local-key")
    services = Services.build(make_settings(local_model=local), max_connections=4)
    keys: MachineKeys = cluster.keys
    signer = TokenSigner(keys.signing_key_pem, issuer=ISSUER)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(signer.public_keys))
    async with served(make_app(services, function_routes(services, verifier))) as url:
        yield Functions(url, services, signer, owner_connection)


@pytest.fixture
async def alice(functions: Functions) -> AsyncIterator[Person]:
    person = await functions.person("alice@example.com")
    async with person.http:
        yield person


@pytest.fixture
async def bob(functions: Functions) -> AsyncIterator[Person]:
    person = await functions.person("bob@example.com")
    async with person.http:
        yield person


@pytest.fixture
def services_db(functions: Functions) -> Database:
    return functions.services.database
