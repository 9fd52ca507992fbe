"""One worker: Procrastinate's loop, started again whenever the database was away, and a beat."""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import structlog
from procrastinate import exceptions
from psycopg_pool import PoolTimeout

from backend_functions.jobs.job import JobTools, JobType
from backend_functions.stopping import end_task
from backend_functions.worker.alarms import Alarms
from backend_functions.worker.attempts import Attempts
from backend_functions.worker.database import QueueDatabase
from backend_functions.worker.doing import JobDoer
from backend_functions.worker.queue import AgainWhenPutOff, open_app

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0
_TROUBLE = (exceptions.ProcrastinateException, PoolTimeout, OSError)


class Worker:
    """Does jobs from its start to its stop."""

    def __init__(
        self,
        types: Mapping[str, JobType],
        tools: JobTools,
        *,
        is_only_one: bool = False,
        most_grace_seconds: float = math.inf,
    ) -> None:
        """Make a worker; nothing connects yet.

        Args:
            types: Of jobs, by name.
            is_only_one: Whatever was being done when it starts was left by a dead worker.
            most_grace_seconds: For how long it may go on when it is stopped, whatever is set.
        """
        self._limits = tools.settings.limits
        self._database = QueueDatabase(
            tools.settings.database_url, max_size=self._limits.worker_slots + 2
        )
        self._attempts = Attempts(self._database)
        self._alarms = Alarms(self._database)
        self._types = tuple(types)
        self._doer = JobDoer(self._attempts, types, tools)
        self._is_only_one = is_only_one
        self._grace_seconds = min(self._limits.worker_grace_seconds, most_grace_seconds)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the block ends; then let what was begun come to its end, or hand it on."""
        working = asyncio.create_task(self._work(), name="worker")
        beating = asyncio.create_task(self._beat(), name="beat of the worker")
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await end_task(beating)
            self._alarms.stop()
            await self._database.connector.close_async()

    async def _work(self) -> None:
        while True:
            try:
                await self._database.connector.open_async()
                await self._attempts.announce(self._types)
                if self._is_only_one:
                    await self._attempts.tend(0.0)
                    self._is_only_one = False
                await self._run_procrastinate()
            except _TROUBLE as error:
                log.warning("the worker begins anew", exc_info=error)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _run_procrastinate(self) -> None:
        app = open_app(self._database, self._alarms)

        @app.task(name="run_job", queue="jobs", retry=AgainWhenPutOff())
        async def run_job(job_id: str) -> None:
            await self._doer.do(UUID(job_id))

        limits = self._limits
        await app.run_worker_async(
            concurrency=limits.worker_slots,
            fetch_job_polling_interval=limits.worker_poll_seconds,
            shutdown_graceful_timeout=self._grace_seconds,
            update_heartbeat_interval=limits.worker_beat_seconds,
            stalled_worker_timeout=limits.worker_silence_seconds,
            install_signal_handlers=False,
        )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._limits.worker_beat_seconds)
            try:
                await self._doer.beat()
                done = await self._attempts.tend(self._limits.worker_silence_seconds)
                if any(done.values()):
                    log.warning("put in order what was left", **done)
            except _TROUBLE as error:
                log.warning("beat failed", exc_info=error)
