"""Jobs: found, listed, waited for, cancelled and done anew."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from pocketllm_cli.api.changes import Changes
from pocketllm_cli.api.identifiers import id_filters
from pocketllm_cli.api.tables import Filters, Row, Table
from pocketllm_cli.api.waiting import watch_jobs
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import AmbiguousId, JobNotFound, NotFound
from pocketllm_cli.models import ANALYSIS, Job

LAST: Final = "last"
IMAGE: Final = "image_generation"
"""The type of the jobs that make a picture."""
_NEWEST_FIRST: Final = "created_at.desc,id.desc"
_CANDIDATES: Final = 8


class Jobs:
    """The jobs of the person who is signed in."""

    def __init__(self, wire: Wire, changes: Changes) -> None:
        self._wire = wire
        self._changes = changes
        self._rows = Table(wire, "jobs", ",".join(Job.__slots__))

    async def newest(
        self,
        limit: int,
        *,
        statuses: Sequence[str] = (),
        job_type: str | None = None,
        before: Job | None = None,
    ) -> list[Job]:
        """Return jobs, the newest first.

        Args:
            statuses: Only jobs in one of these states; none for all.
            before: Only jobs made before this one: the next page begins after a page's last.
        """
        filters = _filters(statuses, job_type)
        if before is not None:
            at = f'"{before.created_at}"'
            earlier = f"(created_at.lt.{at},and(created_at.eq.{at},id.lt.{before.id}))"
            filters = [*filters, ("or", earlier)]
        rows = await self._rows.select(filters, order=_NEWEST_FIRST, limit=limit)
        return [Job.from_row(row) for row in rows]

    async def of_ids(self, job_ids: Sequence[str]) -> list[Job]:
        """Return the jobs of these ids in this order, without those that are not there."""
        rows = await self._rows.select([("id", f"in.({','.join(job_ids)})")]) if job_ids else []
        found = {row["id"]: Job.from_row(row) for row in rows}
        return [found[job_id] for job_id in job_ids if job_id in found]

    async def find(self, reference: str, *, job_type: str | None = None) -> Job:
        """Return the job of an id, the beginning of an id, or `last`.

        Raises:
            JobNotFound: There is none.
            AmbiguousId: There are several; the hint lists them.
        """
        if reference == LAST:
            jobs = await self.newest(1, job_type=job_type)
        else:
            beginning = id_filters(reference)
            filters = [*(beginning or ()), *_filters((), job_type)]
            rows = [] if beginning is None else await self._some(filters)
            jobs = [Job.from_row(row) for row in rows]
        if not jobs:
            what = "image" if job_type == IMAGE else "job"
            told = "yet" if reference == LAST else f"“{reference}”"
            raise JobNotFound(f"There is no {what} {told}.")
        if len(jobs) > 1:
            raise AmbiguousId(f"“{reference}” fits more than one job.", hint=_candidates(jobs))
        return jobs[0]

    async def get(self, job_id: str) -> Job:
        """Return the job of a whole id.

        Raises:
            JobNotFound: There is none.
        """
        if found := await self.of_ids([job_id]):
            return found[0]
        raise JobNotFound

    async def analyze(self, path: str) -> Job:
        """Begin to have a file of a chat read and summarised, and return the job."""
        values = {"job_type": ANALYSIS, "input_data": {"path": path}}
        return Job.from_row(await self._rows.insert(values))

    def watch(self, job_ids: Sequence[str]) -> AsyncGenerator[Job, None]:
        """Yield each job now and whenever it changes, until all of them are over.

        Changes are heard as they happen; where the backend tells of none, it is asked every now
        and then. A backend that is away for a while is waited for.

        Raises:
            JobNotFound: One is not there, or no more.
            ConnectionLost: The backend was away for a minute; the jobs go on without us.
        """
        return watch_jobs(job_ids, self.of_ids, self._changes)

    async def cancel(self, job_id: str) -> Job:
        """Stop a job that is not over; one that is over stays as it is. Return it.

        Raises:
            JobNotFound: There is none.
        """
        return await self._call("cancel_job", job_id)

    async def retry(self, job_id: str) -> Job:
        """Begin a new job with the input of one that failed, and return the new one.

        Raises:
            JobNotFound: There is none.
            Conflict: It did not fail.
        """
        return await self._call("retry_job", job_id)

    async def is_input_of_another(self, job: Job, path: str) -> bool:
        """Say whether another job, such as one that retries it, has the same picture to change."""
        filters = [("input_data->>inputImage", f"eq.{path}"), ("id", f"neq.{job.id}")]
        return bool(await self._rows.select(filters, limit=1))

    async def delete(self, job_id: str) -> None:
        """Delete a job's record; what it made stays in Storage.

        Raises:
            JobNotFound: There is none.
        """
        if not await self._rows.delete([("id", f"eq.{job_id}")]):
            raise JobNotFound

    async def _call(self, name: str, job_id: str) -> Job:
        call = Call("tables", "POST", f"rpc/{name}", (), {"job_id": job_id})
        try:
            return Job.from_row(await self._wire.ask(call))
        except NotFound as error:
            raise JobNotFound from error

    async def _some(self, filters: Filters) -> list[Row]:
        return await self._rows.select(filters, order=_NEWEST_FIRST, limit=_CANDIDATES)


def _filters(statuses: Sequence[str], job_type: str | None) -> list[tuple[str, str]]:
    filters = [("status", f"in.({','.join(statuses)})")] if statuses else []
    return [*filters, ("job_type", f"eq.{job_type}")] if job_type else filters


def _candidates(jobs: Sequence[Job]) -> str:
    lines = [f"  {job.id[:13]}  {job.created_at[:16]}  {job.subject[:60]}" for job in jobs]
    return "\n".join(["Give more of the id:", *lines])
