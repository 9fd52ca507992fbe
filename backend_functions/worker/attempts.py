"""Attempts at jobs, as the database knows them: each has a token, and only the latest counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from backend_functions.db.queries import queries
from backend_functions.jobs.job import Output
from backend_functions.worker.database import QueueDatabase

_SQL = queries("jobs")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was begun."""

    job_id: UUID
    token: UUID
    user_id: UUID
    job_type: str
    input_data: Any
    number: int
    """Counts from 1."""
    made: Output | None
    remaining_seconds: float
    """Until the job's deadline, by the database's clock."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any], token: UUID) -> "Attempt":
        """Read what `claim` returns."""
        return cls(
            job_id=row["id"],
            token=token,
            user_id=row["user_id"],
            job_type=row["job_type"],
            input_data=row["input_data"],
            number=row["attempt"],
            made=row["made"],
            remaining_seconds=row["remaining_seconds"],
        )


class Attempts:
    """Begins and ends attempts; what an attempt that no longer counts writes changes nothing."""

    def __init__(self, database: QueueDatabase) -> None:
        self._database = database

    async def announce(self, job_types: Iterable[str]) -> None:
        """Say which types of jobs this worker does, so that each is counted by itself."""
        await self._database.rows(_SQL.register_types, job_types=list(job_types))

    async def begin(self, job_id: UUID) -> Attempt | None:
        """Begin an attempt; None when the job is over, or there is none."""
        token = uuid4()
        rows = await self._database.rows(_SQL.claim, job_id=job_id, token=token)
        return Attempt.from_row(rows[0], token) if rows else None

    async def keep(self, attempt: Attempt, made: Output) -> bool:
        """Note what is about to be stored; False when the attempt no longer counts."""
        return await self._change(_SQL.keep, attempt, made=Jsonb(made))

    async def complete(self, attempt: Attempt, output: Output) -> bool:
        """End the job well; False when the attempt no longer counts."""
        return await self._finish(attempt, "completed", Jsonb(output), None)

    async def fail(self, attempt: Attempt, reason: str) -> bool:
        """End the job as failed; False when the attempt no longer counts."""
        return await self._finish(attempt, "failed", None, reason)

    async def put_off(self, attempt: Attempt, *, delay_seconds: float | None, reason: str) -> bool:
        """Let the job wait for another attempt; False when this one no longer counts.

        Args:
            delay_seconds: At least so long; None where this one did not fail and is not counted,
                so that the next may begin at once.
        """
        return await self._change(_SQL.put_off, attempt, delay_seconds=delay_seconds, reason=reason)

    async def beat(self, attempts: Iterable[Attempt]) -> set[UUID]:
        """Show that these are being made; returns the tokens of those that still count."""
        made = list(attempts)
        rows = await self._database.rows(
            _SQL.beat,
            job_ids=[attempt.job_id for attempt in made],
            tokens=[attempt.token for attempt in made],
        )
        return {row["token"] for row in rows}

    async def came_to_nothing(self, attempt: Attempt) -> bool:
        """Tell whether the job has failed or is gone, so that nothing may be left of it."""
        rows = await self._database.rows(_SQL.fate, job_id=attempt.job_id)
        return not rows or (rows[0]["status"] == "failed" and not rows[0]["has_run"])

    async def tend(self, silence_seconds: float) -> dict[str, int]:
        """Put in order what dead workers left; returns how many were `taken_over`, …"""
        rows = await self._database.rows(_SQL.tend, silence_seconds=silence_seconds)
        return rows[0] if rows else {}

    async def _finish(
        self,
        attempt: Attempt,
        status: Literal["completed", "failed"],
        output: Jsonb | None,
        reason: str | None,
    ) -> bool:
        return await self._change(
            _SQL.finish, attempt, status=status, output_data=output, error_log=reason
        )

    async def _change(self, statement: str, attempt: Attempt, **values: Any) -> bool:
        rows = await self._database.rows(
            statement, job_id=attempt.job_id, token=attempt.token, **values
        )
        return bool(rows)
