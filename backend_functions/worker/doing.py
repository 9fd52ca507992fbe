"""The life of one attempt at a job, from its beginning to a row that says how it ended."""

import asyncio
from collections.abc import Mapping
from random import SystemRandom
from uuid import UUID

import structlog

from backend_functions.errors import InvalidRequest, ServiceError
from backend_functions.jobs.job import AttemptLost, Job, JobTools, JobType, Output
from backend_functions.stopping import to_its_end
from backend_functions.worker.attempts import Attempt, Attempts
from backend_functions.worker.queue import PutOff
from backend_functions.worker.retrying import GiveUp, after_failure

log = structlog.get_logger(__name__)

_SHOW_STOPPED = "The worker was stopped; another one takes over."


class JobDoer:
    """Does jobs, several at once, and knows which."""

    def __init__(self, attempts: Attempts, types: Mapping[str, JobType], tools: JobTools) -> None:
        self._attempts = attempts
        self._types = types
        self._tools = tools
        self._running: dict[UUID, tuple[Attempt, asyncio.Task[None]]] = {}
        """By the token of the attempt."""

    async def do(self, job_id: UUID) -> None:
        """Make an attempt at a job, if it is not over.

        Raises:
            PutOff: It is to be tried again.
            CancelledError: It was cancelled; nothing is left of it.
        """
        attempt = await self._attempts.begin(job_id)
        if attempt is None:
            return
        task = asyncio.current_task()
        assert task is not None
        self._running[attempt.token] = (attempt, task)
        try:
            await self._make(attempt)
        finally:
            del self._running[attempt.token]

    async def beat(self) -> None:
        """Show that the running attempts are being made, and stop those that no longer count."""
        if not self._running:
            return
        shown = dict(self._running)
        counting = await self._attempts.beat(attempt for attempt, _ in shown.values())
        for token, (_, task) in shown.items():
            if token not in counting and token in self._running:
                task.cancel()

    async def _make(self, attempt: Attempt) -> None:
        try:
            output = await self._run(attempt)
        except asyncio.CancelledError:
            await to_its_end(self._end_cancelled(attempt))
            raise
        except AttemptLost:
            await to_its_end(self._clear_up(attempt))
        # A job's own failure must not end the worker, whatever it is: this is its guard.
        except Exception as error:
            await to_its_end(self._end_failed(attempt, error))
        else:
            await to_its_end(self._end_well(attempt, output))

    async def _run(self, attempt: Attempt) -> Output:
        job_type = self._types.get(attempt.job_type)
        if job_type is None:
            raise InvalidRequest("This backend knows no such type of job.")
        if attempt.number > job_type.max_attempts:
            # No attempt came to an end, not even a bad one: it may be what ends workers.
            raise InvalidRequest(
                f"It was begun {attempt.number - 1} times and never came to an end."
            )

        async def keep(made: Output) -> None:
            if not await self._attempts.keep(attempt, made):
                raise AttemptLost

        job = Job(
            attempt.job_id,
            attempt.user_id,
            attempt.input_data,
            attempt.number,
            attempt.made,
            keep,
        )
        async with asyncio.timeout(min(job_type.attempt_seconds, attempt.remaining_seconds)):
            return await job_type.run(job, self._tools)

    async def _end_well(self, attempt: Attempt, output: Output) -> None:
        if await self._attempts.complete(attempt, output):
            log.info("job completed", job=str(attempt.job_id), attempt=attempt.number)
        else:
            await self._clear_up(attempt)

    async def _end_failed(self, attempt: Attempt, error: Exception) -> None:
        job_type = self._types.get(attempt.job_type)
        step = after_failure(
            error,
            attempt=attempt.number,
            max_attempts=job_type.max_attempts if job_type else 1,
            remaining_seconds=attempt.remaining_seconds,
            first_delay_seconds=self._tools.settings.limits.retry_seconds,
            jitter=SystemRandom().random(),
        )
        detail = error.detail_for_log if isinstance(error, ServiceError) else None
        log.warning(
            "job failed" if isinstance(step, GiveUp) else "job put off",
            job=str(attempt.job_id),
            attempt=attempt.number,
            detail=detail,
            exc_info=None if isinstance(error, ServiceError) else error,
        )
        if isinstance(step, GiveUp):
            if await self._attempts.fail(attempt, step.reason):
                await self._discard(attempt)
            else:
                await self._clear_up(attempt)
        elif await self._attempts.put_off(
            attempt, delay_seconds=step.delay_seconds, reason=step.reason
        ):
            raise PutOff
        else:
            await self._clear_up(attempt)

    async def _end_cancelled(self, attempt: Attempt) -> None:
        """The worker stops, then another one goes on; or the job was cancelled."""
        if await self._attempts.put_off(attempt, delay_seconds=None, reason=_SHOW_STOPPED):
            raise PutOff
        await self._clear_up(attempt)

    async def _clear_up(self, attempt: Attempt) -> None:
        """Leave nothing of an attempt that does not count, unless it is another one's by now."""
        log.info("attempt does not count", job=str(attempt.job_id), attempt=attempt.number)
        if await self._attempts.came_to_nothing(attempt):
            await self._discard(attempt)

    async def _discard(self, attempt: Attempt) -> None:
        job_type = self._types.get(attempt.job_type)
        if job_type is None:
            return
        try:
            await job_type.discard(attempt.job_id, attempt.user_id, self._tools)
        except ServiceError as error:
            # What stays is an object without a row, which `admin storage gc` removes.
            log.warning("could not discard", job=str(attempt.job_id), detail=error.detail_for_log)
