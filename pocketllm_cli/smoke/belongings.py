"""What a smoke run has made: how it is found and how it goes.

The chat is made first and goes last, so whatever is left of a run that was killed is found by it:
its files lie in the chat's folder. Only jobs are found by themselves, by their prompt.
"""

from dataclasses import dataclass
from typing import Any, Final

from pocketllm_cli.api.chat_folders import chat_folder
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.tables import Filters, Table
from pocketllm_cli.smoke.names import PREFIX, image_prompt

_AT_ONCE: Final = 100
_OURS: Final = f"like.{PREFIX} *"


@dataclass(frozen=True, slots=True)
class Belongings:
    """Finds and removes what runs have made in the account that is signed in."""

    api: Api

    async def make_chat(self, chat_id: str, title: str, model_config_id: str | None) -> str:
        """Make a run's chat and return when that was, by the backend's clock."""
        row = {"id": chat_id, "title": title, "model_config_id": model_config_id}
        return str((await self._chats.insert(row))["created_at"])

    async def remove_before(self, moment: str) -> int:
        """Remove what runs left that began before a moment; return how many chats and jobs."""
        old = ("created_at", f"lt.{moment}")
        chats = await self._chats.select([("title", _OURS), old], limit=_AT_ONCE)
        for chat in chats:
            await self._erase(str(chat["id"]))
        return len(chats) + await self._remove_jobs([("input_data->>prompt", _OURS), old])

    async def remove(self, chat_id: str) -> None:
        """Remove all of one run; what is gone already is fine."""
        await self._remove_jobs([("input_data->>prompt", f"eq.{image_prompt(chat_id)}")])
        await self._erase(chat_id)

    async def folder(self, chat_id: str) -> str:
        """Return where a run's files lie."""
        return await chat_folder(self.api, chat_id)

    async def is_there(self, chat_id: str) -> bool:
        """Say whether a run's chat is there."""
        return bool(await self.api.chats.existing([chat_id]))

    async def job(self, job_id: str) -> dict[str, Any] | None:
        """Return a job as it stands now, or None."""
        rows = await self._jobs.select([("id", f"eq.{job_id}")], limit=1)
        return rows[0] if rows else None

    async def _erase(self, chat_id: str) -> None:
        files = await self.api.files.below(f"{await self.folder(chat_id)}/")
        await self.api.files.remove_all([file.path for file in files])
        await self.api.chats.erase(chat_id)

    async def _remove_jobs(self, filters: Filters) -> int:
        jobs = await self._jobs.select(filters, limit=_AT_ONCE)
        paths = [path for job in jobs if (path := path_of(job))]
        if paths:
            await self.api.files.remove_all(paths)
        for job in jobs:
            await self._jobs.delete([("id", f"eq.{job['id']}")])
        return len(jobs)

    @property
    def _chats(self) -> Table:
        return Table(self.api.wire, "chats", "id,created_at")

    @property
    def _jobs(self) -> Table:
        return Table(self.api.wire, "jobs", "id,status,output_data,error_log")


def path_of(job: dict[str, Any]) -> str | None:
    """Return where a job's image lies, in the bucket; None while there is none."""
    output = job.get("output_data")
    path = output.get("path") if isinstance(output, dict) else None
    return path if isinstance(path, str) and path else None
