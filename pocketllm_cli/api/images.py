"""Pictures that jobs make: asked for, seen, saved, given away by a link, removed."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

from pocketllm_cli.api.files import Files, Progress
from pocketllm_cli.api.jobs import IMAGE, Jobs
from pocketllm_cli.api.patience import Patience
from pocketllm_cli.api.transport import ConnectionBroke
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import BackendProblem, Conflict, NotFound
from pocketllm_cli.models import Job, StoredFile

_PATH: Final = "image-generation"
_INPUTS: Final = "private/image_inputs/"


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What picture is asked for; None leaves it to the backend."""

    prompt: str
    model: str | None = None
    """The id of a model config, or a model of ImageRouter by its name."""
    quality: str | None = None
    size: str | None = None
    """Such as `1024x1024`."""
    input_path: str | None = None
    """The picture that is to be changed, in the bucket."""

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return the wish that a job was made from, the picture that was to be changed with it."""
        told = {name: value for name, value in (job.input_data or {}).items() if value}
        return cls(
            job.prompt,
            told.get("modelId"),
            told.get("quality"),
            told.get("size"),
            told.get("inputImage"),
        )

    def as_body(self) -> dict[str, Any]:
        """Return it as the backend takes it."""
        body = {
            "prompt": self.prompt,
            "modelId": self.model,
            "quality": self.quality,
            "size": self.size,
            "inputImage": self.input_path,
        }
        return {name: value for name, value in body.items() if value is not None}


class Images:
    """The pictures of the person who is signed in; each belongs to the job that made it."""

    def __init__(self, wire: Wire, jobs: Jobs, files: Files) -> None:
        self._wire = wire
        self._jobs = jobs
        self._files = files

    async def create(self, request: ImageRequest, *, key: str | None = None) -> Job:
        """Ask for a picture and return its job, which is under way.

        Where the connection breaks it is asked again under the same key, which never makes a
        second picture.

        Args:
            key: Names this wish; the same key gives the same job. By default one is made.

        Raises:
            PocketLLMError: It was refused, or the backend cannot be reached.
        """
        headers = {"Idempotency-Key": key or str(uuid4())}
        call = Call("functions", "POST", _PATH, (), request.as_body(), headers)
        answer = await self._ask_until_answered(call)
        if not isinstance(answer, dict) or "job_id" not in answer:
            raise BackendProblem
        return await self._jobs.get(str(answer["job_id"]))

    async def newest(
        self, limit: int, *, statuses: Sequence[str] = (), before: Job | None = None
    ) -> list[Job]:
        """Return the jobs that make pictures, the newest first; see `Jobs.newest`."""
        return await self._jobs.newest(limit, statuses=statuses, job_type=IMAGE, before=before)

    async def find(self, reference: str) -> Job:
        """Return the job of a picture by its id, the beginning of it, or `last`.

        Raises:
            JobNotFound | AmbiguousId: None or several fit.
        """
        return await self._jobs.find(reference, job_type=IMAGE)

    async def download(
        self, job: Job, target: Path, progress: Progress | None = None
    ) -> StoredFile:
        """Save the picture, wholly or not at all, byte for byte as it is stored.

        Raises:
            Conflict: There is no picture, or not yet.
            NotFound: It was removed.
            LocalFileProblem: It cannot be written.
            BackendUnreachable: The connection broke, again and again.
        """
        return await self._files.download(path_or_fail(job), target, progress=progress)

    async def link(self, job: Job, seconds: int) -> str:
        """Return an address from which anybody gets the picture, for so many seconds.

        Raises:
            Conflict: There is no picture, or not yet.
            NotFound: It was removed.
        """
        return await self._files.sign(path_or_fail(job), seconds)

    async def remove(self, job: Job) -> None:
        """Remove the picture, what it alone was made from, and the record of its job for good.

        Raises:
            Conflict: The job is not over; cancel it first.
            JobNotFound: There is none.
        """
        if not job.is_over:
            raise Conflict(
                "The picture is still being made.",
                hint=f"Cancel it first: `pocketllm jobs cancel {job.id[:8]}`.",
            )
        input_path = (job.input_data or {}).get("inputImage")
        paths = [job.picture_path]
        # Any other picture to change, such as one of a chat, is there for more than this job.
        if (
            isinstance(input_path, str)
            and input_path.startswith(_INPUTS)
            and not await self._jobs.is_input_of_another(job, input_path)
        ):
            paths.append(input_path)
        for path in filter(None, paths):
            with suppress(NotFound):  # removed before
                await self._files.remove(path)
        await self._jobs.delete(job.id)

    async def _ask_until_answered(self, call: Call) -> Any:
        patience = Patience()
        while True:
            try:
                return await self._wire.ask(call)
            except ConnectionBroke:
                pause = patience.pause(time.monotonic(), connected_at=None)
                if pause is None:
                    raise
                await asyncio.sleep(pause)


def path_or_fail(job: Job) -> str:
    """Return where the picture of a job lies in the bucket.

    Raises:
        Conflict: There is none, or not yet.
    """
    if job.picture_path is not None:
        return job.picture_path
    short = job.id[:8]
    if not job.is_over:
        raise Conflict(
            "The picture is not made yet.", hint=f"Wait for it: `pocketllm jobs wait {short}`."
        )
    raise Conflict(
        "No picture was made." if job.status == "failed" else "This job made no picture.",
        hint=f"See why: `pocketllm jobs show {short}`.",
    )
