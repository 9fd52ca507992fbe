"""Jobs of whomever, as an operator reads and changes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from pocketllm_cli.api.tables import Filters, Table
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import Conflict, NotFound

_BUCKET: Final = "user_assets/"
_INPUT: Final = "input_data->>inputImage"
_OVER: Final = ("status", "in.(completed,failed)")


@dataclass(frozen=True, slots=True)
class UserJob:
    """Work done by a worker, and for whom."""

    id: str
    user_id: str
    job_type: str
    status: str
    input_data: dict[str, Any] | None
    output_data: dict[str, Any] | None
    error_log: str | None
    created_at: str
    updated_at: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a row of `jobs`."""
        values: dict[str, Any] = {field.name: row.get(field.name) for field in fields(cls)}
        return cls(**values)

    @property
    def picture(self) -> str:
        """Where in the bucket its picture lies, if it made one.

        Not what `output_data` names: jobs can be brought in with any, and the one that analysed a
        document names that document.
        """
        return f"private/generated_images/{self.user_id}/{self.id}.png"

    @property
    def input_image(self) -> str | None:
        """Where in the bucket the picture lies that it was to change; only one of its owner's."""
        told = (self.input_data or {}).get("inputImage")
        path = told.removeprefix(_BUCKET) if isinstance(told, str) else ""
        folder, _, name = path.rpartition("/")
        is_own = folder == f"private/image_inputs/{self.user_id}" and name not in ("", ".", "..")
        return path if is_own else None


_COLUMNS: Final = ",".join(field.name for field in fields(UserJob))


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of a backend."""

    wire: Wire

    async def newest(self, filters: Filters, most: int) -> list[UserJob]:
        """Return jobs that fulfil all filters, the last changed first."""
        rows = await self._table.select(filters, order="updated_at.desc,id.desc", limit=most)
        return [UserJob.from_row(row) for row in rows]

    async def over_since(self, before: str, user_id: str | None, most: int) -> list[UserJob]:
        """Return jobs that are over and have not changed since a moment, the oldest first."""
        filters = [_OVER, ("updated_at", f"lt.{before}"), *_of(user_id)]
        rows = await self._table.select(filters, order="updated_at.asc,id.asc", limit=most)
        return [UserJob.from_row(row) for row in rows]

    async def inputs_of_no_other(self, jobs: Sequence[UserJob]) -> list[str]:
        """Return the pictures that these jobs were to change, and no other job has to change."""
        these = ("id", f"not.in.({','.join(job.id for job in jobs)})")
        found: list[str] = []
        for path in sorted({job.input_image for job in jobs if job.input_image is not None}):
            forms = [(_INPUT, f"eq.{form}") for form in (path, f"{_BUCKET}{path}")]
            others = [await self._table.select([form, these], limit=1) for form in forms]
            if not any(others):
                found.append(path)
        return found

    async def get(self, job_id: str) -> UserJob:
        """Return the job with this id.

        Raises:
            NotFound: There is none.
        """
        rows = await self._table.select([("id", f"eq.{job_id}")])
        if not rows:
            hint = "Run `pocketllm admin jobs list` to see them."
            raise NotFound(f"There is no job {job_id}.", hint=hint)
        return UserJob.from_row(rows[0])

    async def retry(self, job_id: str) -> UserJob:
        """Have a failed job done anew, as a job of its own: what is over stays as it is.

        Raises:
            NotFound: There is none.
            Conflict: It did not fail.
        """
        job = await self.get(job_id)
        if job.status != "failed":
            raise Conflict(f"The job {job.id} did not fail: it is {job.status}.")
        names = ("user_id", "job_type", "input_data")
        return UserJob.from_row(
            await self._table.insert({name: getattr(job, name) for name in names})
        )

    async def cancel(self, job_id: str) -> UserJob:
        """End a job that is not over; a worker that has it can change nothing any more.

        Raises:
            NotFound: There is none.
            Conflict: It is over.
        """
        call = Call("tables", "POST", "rpc/admin_cancel_job", body={"job_id": job_id})
        rows = await self.wire.ask(call)
        if not rows:
            job = await self.get(job_id)
            raise Conflict(f"The job {job.id} is over: it is {job.status}.")
        return UserJob.from_row(rows[0])

    async def remove(self, jobs: Sequence[UserJob]) -> int:
        """Remove jobs that are over; those that are not there are fine."""
        ids = ",".join(job.id for job in jobs)
        return len(await self._table.delete([("id", f"in.({ids})"), _OVER])) if jobs else 0

    @property
    def _table(self) -> Table:
        return Table(self.wire, "jobs", _COLUMNS)


def _of(user_id: str | None) -> list[tuple[str, str]]:
    return [] if user_id is None else [("user_id", f"eq.{user_id}")]
