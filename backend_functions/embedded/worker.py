"""The worker of the embedded backend: in the server's process, and there once the server is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from backend_functions.app import Services

if TYPE_CHECKING:
    from backend_functions.worker.worker import Worker

_LET_PASS_SECONDS = 1.0
_GRACE_SECONDS = 3.0
"""Who stops the backend ends by force what takes long: then the attempt would count."""


class BesideServer:
    """Starts and stops the one worker of this backend."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work, soon: who waits for the backend to start does not wait for this."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Let what was begun come to its end, or leave it for the next start."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        with suppress(TimeoutError):
            # Whoever started the backend asks something of it first.
            await asyncio.wait_for(self._stop.wait(), _LET_PASS_SECONDS)
            return
        worker = await asyncio.to_thread(self._load)
        async with worker.running():
            await self._stop.wait()

    def _load(self) -> Worker:
        """Import what works: a quarter of a second that no start of the backend waits for."""
        from backend_functions.worker.registry import JOB_TYPES
        from backend_functions.worker.worker import Worker

        return Worker(
            JOB_TYPES,
            self._services.tools,
            is_only_one=True,
            most_grace_seconds=_GRACE_SECONDS,
        )
