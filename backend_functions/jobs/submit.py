"""Asking for a job in a user's name."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import psycopg
from psycopg.types.json import Jsonb

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import Conflict, TooManyRequests
from backend_functions.types import Caller

_SQL = queries("jobs")
_TOO_MANY = "PT429"


async def submit_job(
    database: Database,
    caller: Caller,
    job_type: str,
    input_data: dict[str, Any],
    *,
    idempotency_key: str | None = None,
) -> UUID:
    """Store a job and its task, both or neither, and return its id.

    Args:
        idempotency_key: The same key of the same user always names the same job.

    Raises:
        Conflict: The key was used for something else.
        TooManyRequests: The user has as many unfinished jobs as one may have.
    """
    job_id = uuid4() if idempotency_key is None else _named(caller, idempotency_key)
    values = {"id": job_id, "user_id": caller.user_id, "job_type": job_type}
    try:
        async with database.as_user(caller) as connection:
            made = await connection.execute(_SQL.submit, values | {"input_data": Jsonb(input_data)})
            if made.rowcount:
                return job_id
            found = await connection.execute(_SQL.find_job, values)
            earlier = await found.fetchone()
    except psycopg.Error as error:
        if error.sqlstate == _TOO_MANY:
            raise TooManyRequests(
                "You have too many jobs that are not over. Wait for some to end."
            ) from error
        raise
    if not earlier or (earlier["job_type"], earlier["input_data"]) != (job_type, input_data):
        raise Conflict("This idempotency key was used for something else.")
    return job_id


def _named(caller: Caller, key: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"pocketllm:job:{caller.user_id}:{key}")
