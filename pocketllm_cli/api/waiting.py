"""Waits for jobs: hears of their changes by Realtime, and asks now and then in case it does not.

What Realtime says only wakes us: what is told is what the table says, so nothing depends on the
order or the completeness of what was heard.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Final

from pocketllm_cli.api.changes import Changes, Disconnected
from pocketllm_cli.api.live_channel import Watch
from pocketllm_cli.api.patience import Patience
from pocketllm_cli.errors import (
    BackendUnreachable,
    ConnectionLost,
    JobNotFound,
    PocketLLMError,
    QuotaExceeded,
)
from pocketllm_cli.models import Job

_FIRST_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 4.0
_LIVE_SECONDS: Final = 20.0
"""While changes flow we ask so rarely, in case one is lost."""

Read = Callable[[Sequence[str]], Awaitable[list[Job]]]


class JobConnectionLost(ConnectionLost):
    """The backend was away for too long."""

    default_message = "The connection was lost; the job goes on at the backend."
    default_hint = "Take it up again with `pocketllm jobs wait last`."


async def watch_jobs(
    job_ids: Sequence[str], read: Read, changes: Changes
) -> AsyncGenerator[Job, None]:
    """Yield each job as it is now and whenever it changed, until all are over.

    Raises:
        JobNotFound: One is not there, or no more.
        JobConnectionLost: The backend was away for a minute.
    """
    told: dict[str, Job] = {}
    waiting = list(dict.fromkeys(job_ids))
    async with aclosing(_rounds(waiting, read, changes)) as rounds:
        async for jobs in rounds:
            if len(jobs) < len(waiting):
                raise JobNotFound
            for job in jobs:
                if told.get(job.id) != job:
                    told[job.id] = job
                    yield job
            waiting[:] = [job.id for job in jobs if not job.is_over]
            if not waiting:
                return


async def _rounds(
    waiting: Sequence[str], read: Read, changes: Changes
) -> AsyncGenerator[list[Job], None]:
    """Yield what the table says of those that are still waited for, each time it may be news."""
    yield await read(waiting)
    ear = _Ear(waiting, changes)
    patience, pause = Patience(), _FIRST_SECONDS
    listening = asyncio.create_task(ear.listen())
    try:
        while True:
            await ear.wait(_LIVE_SECONDS if ear.is_live else pause)
            pause = min(pause * 1.5, _LONGEST_SECONDS)
            try:
                jobs = await read(waiting)
            except (BackendUnreachable, QuotaExceeded) as error:
                await _be_patient(patience, error)
                continue
            patience.renew()
            yield jobs
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _be_patient(patience: Patience, error: PocketLLMError) -> None:
    asked = getattr(error, "retry_after_seconds", None)
    pause = patience.pause(time.monotonic(), connected_at=None, asked=asked)
    if pause is None:
        raise JobConnectionLost from error
    await asyncio.sleep(pause)


class _Ear:
    """Hears when one of the jobs changes."""

    def __init__(self, job_ids: Sequence[str], changes: Changes) -> None:
        only = f"id=eq.{job_ids[0]}" if len(job_ids) == 1 else None
        self._watch = Watch("jobs", "*", only)
        self._job_ids = set(job_ids)
        self._changes = changes
        self._news = asyncio.Event()
        self.is_live = False

    async def listen(self) -> None:
        """Listen until cancelled, or until it is plain that the backend tells of nothing."""
        with suppress(PocketLLMError):  # the table is asked all the same, and says what is wrong
            async with aclosing(self._changes.follow([self._watch])) as happened:
                async for event in happened:
                    self.is_live = not isinstance(event, Disconnected)
                    row = getattr(event, "row", None)
                    if row is None or row.get("id") in self._job_ids:
                        self._news.set()
        self.is_live = False
        self._news.set()

    async def wait(self, seconds: float) -> None:
        """Wait for news, but no longer than this."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()
