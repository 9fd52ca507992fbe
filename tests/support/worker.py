"""A worker in a process of its own: `python -m tests.support.worker`.

It is what `python -m backend_functions.worker` is, except that it may call providers on this
machine, and that it can be made to stand still at a point of its work: it writes a file `reached`
there, and goes on when that is gone.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from backend_functions.image_generation.job import IMAGE_GENERATION
from backend_functions.jobs.job import Job, JobTools, JobType, Output
from backend_functions.settings import Settings, read_settings
from backend_functions.worker.__main__ import work

POINTS = ("claimed", "answered", "kept", "uploaded")
"""When it has begun an attempt; has the provider's answer; has noted what it is about to store; has
stored it, and not yet said so in the row."""


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """The process, and the file that says it stands still."""

    process: subprocess.Popen[bytes]
    reached: Path
    log: Path


@contextmanager
def running_worker(
    folder: Path, settings: Settings, *, point: str = "", **environment: str
) -> Iterator[RunningWorker]:
    """Run one until the block ends; with a point it stands still there, once."""
    name = uuid4().hex
    log, reached = folder / f"worker-{name}.log", folder / f"reached-{name}"
    assert settings.image_key.key is not None
    values = {
        "SUPABASE_URL": settings.supabase_url,
        "SUPABASE_DB_URL": settings.database_url,
        "SUPABASE_ANON_KEY": settings.publishable_key,
        "SUPABASE_SERVICE_ROLE_KEY": settings.secret_key,
        "POCKETLLM_MASTER_KEYS": environment.pop("master_keys"),
        "IMAGEROUTER_API_KEY": settings.image_key.key,
        "IMAGEROUTER_BASE_URL": settings.image_key.base_url,
        "POCKETLLM_WORKER_BEAT_SECONDS": str(settings.limits.worker_beat_seconds),
        "POCKETLLM_WORKER_SILENCE_SECONDS": str(settings.limits.worker_silence_seconds),
        "POCKETLLM_WORKER_POLL_SECONDS": str(settings.limits.worker_poll_seconds),
        "POCKETLLM_WORKER_GRACE_SECONDS": str(settings.limits.worker_grace_seconds),
        "POCKETLLM_RETRY_SECONDS": str(settings.limits.retry_seconds),
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.worker", point, str(reached)],
            env=dict(os.environ) | values,
            stdout=output,
            stderr=output,
        )
    try:
        yield RunningWorker(process, reached, log)
    finally:
        process.kill()
        process.wait()


def _standing_still_at(point: str, reached: Path) -> dict[str, JobType]:
    points = [point]

    def stop(here: str) -> None:
        if here in points:
            points.clear()
            reached.touch()
            while reached.exists():  # the whole process: nothing in it beats
                time.sleep(0.01)

    async def run(job: Job, tools: JobTools) -> Output:
        async def keep(made: Output) -> None:
            stop("answered")
            await job.keep(made)
            stop("kept")

        stop("claimed")
        output = await IMAGE_GENERATION.run(replace(job, keep=keep), tools)
        stop("uploaded")
        return output

    return {IMAGE_GENERATION.name: replace(IMAGE_GENERATION, run=run)}


if __name__ == "__main__":
    types = _standing_still_at(sys.argv[1], Path(sys.argv[2]))
    asyncio.run(work(replace(read_settings(), mode="embedded"), types))
