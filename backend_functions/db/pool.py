"""Connections that act as somebody.

Every access is one transaction that first takes the caller's role and claims, both local to that
transaction: whatever happens in it, the connection goes back to the pool as nobody. The pool's
own login (`authenticator`) can do nothing without taking a role.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from backend_functions.errors import Unavailable
from backend_functions.types import SERVICE, Caller

Connection = AsyncConnection[DictRow]

_TAKE_ROLE = """
select set_config('role', %(role)s, true),
       set_config('request.jwt.claims', %(claims)s, true),
       set_config('request.jwt.claim.sub', %(sub)s, true),
       set_config('request.jwt.claim.role', %(role)s, true)
"""


class Database:
    """A pool of connections to one PostgreSQL, and the ways to act on it."""

    def __init__(self, url: str, *, max_size: int = 10, wait_seconds: float = 5.0) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=max_size,
            timeout=wait_seconds,
            open=False,
            check=AsyncConnectionPool.check_connection,
            # No server-side prepared statements: a transaction pooler would hand the next
            # statement to another server connection.
            kwargs={"row_factory": dict_row, "prepare_threshold": None, "autocommit": True},
        )

    async def open(self) -> None:
        """Start connecting; does not wait for the first connection."""
        await self._pool.open()

    def stats(self) -> dict[str, int]:
        """Return how the pool is doing, as psycopg_pool counts it."""
        return self._pool.get_stats()

    async def close(self) -> None:
        """Close every connection, waiting for none that is in use longer than a moment."""
        await self._pool.close(timeout=2.0)

    @asynccontextmanager
    async def act_as(self, caller: Caller, *, read_only: bool = False) -> AsyncIterator[Connection]:
        """Give a connection inside one transaction that has the caller's role and claims.

        Args:
            caller: Whose rights to take; the role must be one that `authenticator` may take.
            read_only: Refuse writes in this transaction.

        Raises:
            Unavailable: No connection could be had in time.
        """
        try:
            connection = await self._pool.getconn()
        except PoolTimeout as error:
            raise Unavailable(detail=f"no database connection: {error}") from error
        try:
            async with connection.transaction():
                if read_only:
                    await connection.execute("set transaction read only")
                await take_role(connection, caller)
                yield connection
        finally:
            await self._pool.putconn(connection)

    @asynccontextmanager
    async def as_user(self, caller: Caller) -> AsyncIterator[Connection]:
        """Act with a signed-in user's rights: row level security decides what there is."""
        if caller.role != "authenticated" or caller.user_id is None:
            raise ValueError("as_user needs a signed-in user")
        async with self.act_as(caller) as connection:
            yield connection

    @asynccontextmanager
    async def as_service(self) -> AsyncIterator[Connection]:
        """Act with rights that bypass row level security; each use names the owner itself."""
        async with self.act_as(SERVICE) as connection:
            yield connection


async def take_role(connection: Connection, caller: Caller) -> None:
    """Give a connection's transaction, from here on, a caller's rights and claims."""
    await connection.execute(_TAKE_ROLE, _identity(caller))


def _identity(caller: Caller) -> dict[str, Any]:
    return {
        "role": caller.role,
        "claims": orjson.dumps(dict(caller.claims)).decode(),
        "sub": str(caller.user_id or ""),
    }
