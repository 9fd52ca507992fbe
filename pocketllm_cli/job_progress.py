"""What can be told of a job that is waited for; pure.

The backend's clock and this machine's may differ. So moments that the backend noted are compared
with one another only, and what has passed since is measured here.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pocketllm_cli.durations import clock_told
from pocketllm_cli.models import Job

NO_MODEL: Final = "Name the model that is to make the picture."
"""Why a picture failed for which nobody named a model, in the backend's words."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A job as it was seen, and when. Moments are those of a monotonic clock of this machine."""

    job: Job
    first_at: float
    """When it was seen first."""
    seen_at: float
    """When it was last seen to have changed."""

    def after(self, job: Job, now: float) -> "Progress":
        """Return it with the job as it is now."""
        return self if job == self.job else replace(self, job=job, seen_at=now)

    def told(self, now: float) -> str:
        """Return its state, the next try, and for how long we have waited, as one line."""
        state = state_told(self.job, self._seconds_to_next(now))
        return f"{state} ({clock_told(now - self.first_at)} so far)"

    def _seconds_to_next(self, now: float) -> float | None:
        """Return how long until it is tried again; None where it does not wait for that."""
        job = self.job
        if job.is_over or job.next_attempt_at is None:
            return None
        try:
            planned = datetime.fromisoformat(job.next_attempt_at)
            noted = datetime.fromisoformat(job.updated_at)
            return (planned - noted).total_seconds() - (now - self.seen_at)
        except (ValueError, TypeError):
            return None


def state_told(job: Job, seconds_to_next: float | None) -> str:
    """Return how a job stands, without how long it has taken.

    Args:
        seconds_to_next: Until it is tried again; None where it does not wait for that.
    """
    if seconds_to_next is not None:
        when = f"in {clock_told(seconds_to_next)}" if seconds_to_next >= 1 else "now"
        return f"Attempt {job.attempt} failed, the next begins {when}"
    if job.status == "processing":
        return "At work" if job.attempt <= 1 else f"At work, attempt {job.attempt}"
    if job.status == "pending":
        return "Waiting for a worker"
    return job.status.capitalize()


def progress_told(all_of_them: list[Progress], now: float) -> str:
    """Return one line about jobs that are waited for; those that are over are left out."""
    waiting = [one for one in all_of_them if not one.job.is_over]
    if len(waiting) == 1:
        return waiting[0].told(now)
    at_work = sum(one.job.status == "processing" for one in waiting)
    since = min((one.first_at for one in waiting), default=now)
    return f"{len(waiting)} jobs to go, {at_work} at work ({clock_told(now - since)} so far)"
