"""Files of a job's owner: what the owner may read, and nothing else."""

from backend_functions.db.queries import queries
from backend_functions.errors import NotFound
from backend_functions.jobs.job import Job, JobTools
from backend_functions.object_store import USER_ASSETS

_SQL = queries("jobs")


async def read_own_file(job: Job, tools: JobTools, path: str, max_bytes: int) -> bytes:
    """Return a file of the users' bucket, if row level security lets the job's owner see it.

    A worker has no token of the owner's, so it asks as them whether the file is there, and then
    fetches it as the service.

    Raises:
        NotFound: There is none, or it is somebody else's.
        TooLarge: It has more than `max_bytes`.
        Unavailable: The database or Storage does not answer.
    """
    async with tools.database.as_user(job.owner) as connection:
        cursor = await connection.execute(_SQL.find_object, {"bucket": USER_ASSETS, "path": path})
        if await cursor.fetchone() is None:
            raise NotFound("There is no such file.")
    async with tools.objects.open(path, tools.token, max_bytes=max_bytes) as found:
        return await found.read()
