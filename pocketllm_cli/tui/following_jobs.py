"""The part of the app that knows how jobs stand, for whatever shows one that is not over."""

import asyncio
from contextlib import suppress
from typing import Final

from textual import on, work
from textual.message_pump import MessagePump

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Job
from pocketllm_cli.tui.live import JobGone, JobTouched
from pocketllm_cli.tui.messages import JobLost, JobMoved, JobWanted, Moved
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.picturing import PicturingApp

_LOOK_SECONDS: Final = 3.0
"""How often the table is asked, in case nobody tells of a change."""
_AT_ONCE: Final = 50
"""Jobs that are asked for in one request: their ids stand in the address."""


class JobFollowingApp(PicturingApp):
    """Reads the jobs that somebody waits for; what is heard of them only has it look at once."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._views: dict[str, list[MessagePump]] = {}
        self._news = asyncio.Event()
        self._is_following = False

    @on(JobWanted)
    def follow_job(self, event: JobWanted) -> None:
        """Tell a view of a job from now on."""
        self._views.setdefault(event.job_id, []).append(event.view)
        self._news.set()
        if not self._is_following:
            self._is_following = True
            self._follow()

    @on(Moved)
    def look_at_once(self, event: Moved) -> None:
        """Look again where one of them changed."""
        if isinstance(event.change, JobTouched | JobGone) and event.change.job_id in self._views:
            self._news.set()

    @work(group="jobs")
    async def _follow(self) -> None:
        try:
            while self._drop_closed_views():
                self._news.clear()
                with suppress(PocketLLMError):  # whoever looks at the chats meets it too
                    await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._news.wait()
        finally:
            self._is_following = False

    def _drop_closed_views(self) -> bool:
        """Forget views that are gone, and say whether anybody is left who waits."""
        for job_id, views in list(self._views.items()):
            self._views[job_id] = [view for view in views if view.is_attached]
            if not self._views[job_id]:
                del self._views[job_id]
        return bool(self._views)

    async def _look(self) -> None:
        wanted = list(self._views)
        for at in range(0, len(wanted), _AT_ONCE):
            asked = wanted[at : at + _AT_ONCE]
            found = {job.id: job for job in await self.parts.api.jobs.of_ids(asked)}
            for job_id in asked:
                self._tell(job_id, found.get(job_id))

    def _tell(self, job_id: str, job: Job | None) -> None:
        for view in self._views.get(job_id, ()):
            view.post_message(JobMoved(job, self.parts.now) if job else JobLost(job_id))
        if job is None or job.is_over:
            self._views.pop(job_id, None)
