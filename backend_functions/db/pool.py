"""Connections that act as somebody.

Every access is one transaction that first takes the caller's role and claims, both local to that
transaction: whatever happens in it, the connection goes back to the pool as nobody. The pool's
own login (`authenticator`) can do nothing without taking a role.
"""

import asyncio
import selectors
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self

import orjson
from psycopg import AsyncConnection, OperationalError
from psycopg.abc import QueryNoTemplate
from psycopg.rows import DictRow, dict_row, scalar_row
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

_TAKE_ROLE_TO_READ: LiteralString = f"{_TAKE_ROLE}, set_config('transaction_read_only', 'on', true)"

_TRUSTED_SECONDS = 5.0
"""So long after its last use a connection that nothing was heard from is taken to be there."""
_KNOCKING_SECONDS = 1.8
"""Less than closing the pool waits for what it is doing."""
_BETWEEN_KNOCKS_SECONDS = 0.2
_CANNOT_CONNECT_NOW = "57P03"


class _PooledConnection(AsyncConnection[DictRow]):
    """A connection that knows when it was last given back."""

    used_at = float("-inf")

    @classmethod
    async def connect(cls, *arguments: Any, **options: Any) -> Self:
        """Connect, knocking again for a while where PostgreSQL is not up yet.

        The pool itself waits one second after a failure, then two, then four: a server that was
        down for two seconds would be missed for seven.

        Raises:
            psycopg.OperationalError: It is not there, or refuses this login.
        """
        give_up_at = time.monotonic() + _KNOCKING_SECONDS
        while True:
            try:
                return await super().connect(*arguments, **options)
            except OperationalError as error:
                is_refusal = error.sqlstate not in (None, _CANNOT_CONNECT_NOW)
                if is_refusal or time.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(_BETWEEN_KNOCKS_SECONDS)


class Database:
    """A pool of connections to one PostgreSQL, and the ways to act on it."""

    def __init__(self, url: str, *, max_size: int = 10, wait_seconds: float = 5.0) -> None:
        self._pool: AsyncConnectionPool[_PooledConnection] = AsyncConnectionPool(
            url,
            connection_class=_PooledConnection,
            min_size=1,
            max_size=max_size,
            timeout=wait_seconds,
            open=False,
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
        async with self._borrow() as connection, connection.transaction():
            if read_only:
                await connection.execute("set transaction read only")
            await take_role(connection, caller)
            yield connection

    async def read_as(
        self, caller: Caller, *statements: tuple[QueryNoTemplate, Mapping[str, Any]]
    ) -> DictRow | None:
        """Run statements with the caller's rights in one trip to the server and back.

        They are one transaction that cannot write. Without `begin` PostgreSQL makes one of all
        that comes before the next sync, which is what ends a pipeline.

        Returns:
            The first row of the last statement.

        Raises:
            Unavailable: No connection could be had in time.
            psycopg.Error: PostgreSQL refused one of them.
        """
        async with self._borrow() as connection:
            async with connection.pipeline():
                await connection.execute(_TAKE_ROLE_TO_READ, _identity(caller))
                for text, values in statements:
                    cursor = await connection.execute(text, values)
            return await cursor.fetchone()

    @asynccontextmanager
    async def as_user(self, caller: Caller) -> AsyncIterator[Connection]:
        """Act with a signed-in user's rights: row level security decides what there is."""
        _require_user(caller)
        async with self.act_as(caller) as connection:
            yield connection

    async def call_as_user(self, statement: str, caller: Caller, **values: Any) -> Any:
        """Run one statement that takes a signed-in user's role itself, and return its only value.

        It is a transaction of its own, and so costs a fifth of one that takes the role first.

        Args:
            statement: A call of a function that begins with `private.act_as_user`; it is given
                `claims` and `user_id` beside the values.
        """
        _require_user(caller)
        given = {"claims": orjson.dumps(dict(caller.claims)).decode(), "user_id": caller.user_id}
        async with self._borrow() as connection:
            cursor = connection.cursor(row_factory=scalar_row)
            await cursor.execute(statement, given | values)
            return await cursor.fetchone()

    @asynccontextmanager
    async def _borrow(self) -> AsyncIterator[_PooledConnection]:
        try:
            connection = await self._live_connection()
        except PoolTimeout as error:
            raise Unavailable(detail=f"no database connection: {error}") from error
        try:
            yield connection
        finally:
            connection.used_at = time.monotonic()
            await self._pool.putconn(connection)

    async def _live_connection(self) -> _PooledConnection:
        """Take a connection that is there; those that were lost are replaced on the way.

        The pool's own check waits longer after each lost one, and after a restart all are lost.
        """
        give_up_at = time.monotonic() + self._pool.timeout
        while True:
            connection = await self._pool.getconn(timeout=give_up_at - time.monotonic())
            is_live = False
            try:
                is_live = await _is_live(connection)
            finally:
                if not is_live:
                    await connection.close()
                    await self._pool.putconn(connection)
            if is_live:
                return connection

    @asynccontextmanager
    async def as_service(self) -> AsyncIterator[Connection]:
        """Act with rights that bypass row level security; each use names the owner itself."""
        async with self.act_as(SERVICE) as connection:
            yield connection


async def take_role(connection: Connection, caller: Caller) -> None:
    """Give a connection's transaction, from here on, a caller's rights and claims."""
    await connection.execute(_TAKE_ROLE, _identity(caller))


async def _is_live(connection: _PooledConnection) -> bool:
    """Tell whether a connection is there: by asking over it, unless that is all but certain.

    A server that ends a connection says so, or the system does: then there is something to read.
    What the network lost in silence shows only by asking.
    """
    if time.monotonic() - connection.used_at <= _TRUSTED_SECONDS and not _has_news(connection):
        return True
    try:
        await AsyncConnectionPool.check_connection(connection)
    except OperationalError:
        return False
    return True


def _has_news(connection: _PooledConnection) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))


def _require_user(caller: Caller) -> None:
    if caller.role != "authenticated" or caller.user_id is None:
        raise ValueError("as_user needs a signed-in user")


def _identity(caller: Caller) -> dict[str, Any]:
    return {
        "role": caller.role,
        "claims": orjson.dumps(dict(caller.claims)).decode(),
        "sub": str(caller.user_id or ""),
    }
