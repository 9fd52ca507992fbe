"""Wakes workers when a job that waits may be tried again.

Workers look for such jobs by themselves now and then, so one whose worker ended is only late.
"""

import asyncio
from contextlib import suppress

from procrastinate import exceptions
from psycopg_pool import PoolTimeout

from backend_functions.db.queries import queries
from backend_functions.worker.database import QueueDatabase

_SQL = queries("jobs")
_MARGIN_SECONDS = 0.05
"""Our clock may run ahead of the database's."""


class Alarms:
    """Those of the jobs that one worker has put off."""

    def __init__(self, database: QueueDatabase) -> None:
        self._database = database
        self._tasks: set[asyncio.Task[None]] = set()

    async def ring_in(self, seconds: float) -> None:
        """Wake every worker then; at once where that is now."""
        if seconds <= 0:
            await self._ring()
            return
        task = asyncio.create_task(self._wait(seconds), name="alarm of a job")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Ring no more."""
        for task in self._tasks:
            task.cancel()

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds + _MARGIN_SECONDS)
        await self._ring()

    async def _ring(self) -> None:
        with suppress(exceptions.ConnectorException, PoolTimeout):
            await self._database.rows(_SQL.wake)
