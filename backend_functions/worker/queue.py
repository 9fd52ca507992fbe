"""Procrastinate on our database: its login, its schema, and tasks that stay their worker's.

Procrastinate ends a task by its id alone, so a worker that wakes late would end the task that
another one has taken over. Here a task is ended only by the worker that holds it.
"""

import asyncio
from typing import Any, LiteralString

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision, exceptions
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg_pool import PoolTimeout

from backend_functions.db.queries import queries

log = structlog.get_logger(__name__)

_SQL = queries("jobs")
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.5

Row = dict[str, Any]


class PutOff(Exception):
    """The job of a task waits to be tried again."""


class AgainWhenPutOff(BaseRetryStrategy):
    """Queues the tasks of jobs that wait; every other task is done, however it ended."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return a decision without a time: `OwnTasks` reads that from the job."""
        return RetryDecision() if isinstance(exception, PutOff) else None


class OwnTasks(JobManager):
    """Ends tasks only while they are those of the worker that ends them."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Remove the task: what became of its job stands in the job's row."""
        await self.connector.execute_query_async(
            _SQL.finish_task, task_id=job.id, worker_id=job.worker_id
        )

    async def retry_job(self, job: Job, *args: Any, **kwargs: Any) -> None:
        """Queue the task for when its job is to be tried again."""
        await self.connector.execute_query_async(
            _SQL.put_off_task, task_id=job.id, worker_id=job.worker_id
        )


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

    def app(self) -> App:
        """Return a new Procrastinate app on these connections."""
        app = App(connector=self.connector)
        app.job_manager = OwnTasks(connector=self.connector)
        return app

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
