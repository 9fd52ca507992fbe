"""The worker's connections, and statements that outlast a database that is away for a while."""

import asyncio
from typing import Any, LiteralString

import psycopg
import structlog
from procrastinate import PsycopgConnector, exceptions
from psycopg_pool import PoolTimeout

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.5

Row = dict[str, Any]


async def _as_service(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.execute(
        "select set_config('role', 'service_role', false),"
        " set_config('search_path', 'procrastinate', false)"
    )


class QueueDatabase:
    """The worker's connections: they act as the service, in Procrastinate's schema.

    Needs a connection that lasts (direct, or a pooler in session mode): workers listen on one.
    """

    def __init__(self, url: str, *, max_size: int) -> None:
        self.connector = PsycopgConnector(
            conninfo=url,
            min_size=1,
            max_size=max_size,
            timeout=10.0,
            configure=_as_service,
            kwargs={"prepare_threshold": None},
        )

    async def rows(self, statement: LiteralString, **values: Any) -> list[Row]:
        """Run one statement, a transaction of its own, and return its rows.

        While the database is away it is tried again for a minute: work that was done is not thrown
        away because the database was started anew. So a statement may be run twice.

        Raises:
            ConnectorException: The database stays away, or refuses.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while True:
            try:
                rows: list[Row] = await self.connector.execute_query_all_async(statement, **values)
                return rows
            except (exceptions.ConnectorException, PoolTimeout) as error:
                if not _is_away(error) or asyncio.get_running_loop().time() > deadline:
                    raise
                log.warning("the database is away", error=error)
            await asyncio.sleep(_PAUSE_SECONDS)


def _is_away(error: BaseException) -> bool:
    return isinstance(error, PoolTimeout) or isinstance(
        error.__cause__, psycopg.OperationalError | psycopg.InterfaceError
    )
