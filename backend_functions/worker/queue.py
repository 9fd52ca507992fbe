"""Procrastinate with tasks that stay their worker's, and whose ends are not lost.

Procrastinate ends a task by its id alone, so a worker that wakes late would end the task that
another one has taken over. Here a task is ended only by the worker that holds it, which goes on
trying to: one that stayed would keep its lock, and all that waits for it, until the worker ends.
"""

from typing import Any

from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from backend_functions.db.queries import queries
from backend_functions.worker.alarms import Alarms
from backend_functions.worker.database import QueueDatabase

_SQL = queries("jobs")


class PutOff(Exception):
    """The job of a task waits to be tried again."""


class AgainWhenPutOff(BaseRetryStrategy):
    """Queues the tasks of jobs that wait; every other task is done, however it ended."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return a decision without a time: `OwnTasks` reads that from the job."""
        return RetryDecision() if isinstance(exception, PutOff) else None


class OwnTasks(JobManager):
    """Ends tasks only while they are those of the worker that ends them."""

    def __init__(self, database: QueueDatabase, alarms: Alarms) -> None:
        super().__init__(connector=database.connector)
        self._database = database
        self._alarms = alarms

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Remove the task: what became of its job stands in the job's row."""
        await self._database.rows(_SQL.finish_task, task_id=job.id, worker_id=job.worker_id)

    async def retry_job(self, job: Job, *args: Any, **kwargs: Any) -> None:
        """Queue the task for when its job is to be tried again, and have it begun then."""
        queued = await self._database.rows(
            _SQL.put_off_task, task_id=job.id, worker_id=job.worker_id
        )
        if queued:
            await self._alarms.ring_in(queued[0]["delay_seconds"])
        else:  # cancelled or deleted since it was put off
            await self.finish_job(job, Status.FAILED, delete_job=True)


def open_app(database: QueueDatabase, alarms: Alarms) -> App:
    """Return a new Procrastinate app on these connections; their owner opens and closes them."""
    app = App(connector=database.connector)
    app.job_manager = OwnTasks(database, alarms)
    return app
