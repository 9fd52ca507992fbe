"""A line on stderr that says how jobs are getting on; it leaves no trace.

Where no line can be taken back, what happened is said a line each: that it began, and each failed
attempt.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final

from pocketllm_cli.console import Console
from pocketllm_cli.job_progress import Progress, progress_told
from pocketllm_cli.models import Job

_EVERY_SECONDS: Final = 0.5


class JobLine:
    """Follows jobs to their ends and tells how they are getting on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: dict[str, Progress] = {}

    async def follow(self, changes: AsyncGenerator[Job, None]) -> list[Job]:
        """Return the jobs as they ended, in the order in which they were first told of."""
        drawing = asyncio.create_task(self._draw()) if self._console.can_animate else None
        try:
            async with aclosing(changes):
                async for job in changes:
                    self._take(job)
        finally:
            if drawing is not None:
                drawing.cancel()
                with suppress(asyncio.CancelledError):
                    await drawing
                self._console.show_briefly("")
        return [progress.job for progress in self._progress.values()]

    def _take(self, job: Job) -> None:
        now = time.monotonic()
        before = self._progress.get(job.id)
        after = before.after(job, now) if before else Progress(job, now, now)
        self._progress[job.id] = after
        if self._console.can_animate:
            self._show()
        elif not job.is_over:
            if before is None:
                self._console.narrate(f"Waiting for job {job.id[:8]}.")
            if job.next_attempt_at and after is not before:
                self._console.narrate(f"{after.told(now)}.")

    async def _draw(self) -> None:
        while True:
            self._show()
            await asyncio.sleep(_EVERY_SECONDS)

    def _show(self) -> None:
        told = list(self._progress.values())
        if any(not one.job.is_over for one in told):
            self._console.show_briefly(f"{progress_told(told, time.monotonic())} ...")
