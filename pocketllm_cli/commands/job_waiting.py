"""Waits for jobs in a command: says how they get on, and what they came to."""

from collections.abc import Sequence

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App
from pocketllm_cli.errors import ImagesNotConfigured, JobFailed
from pocketllm_cli.job_line import JobLine
from pocketllm_cli.job_progress import NO_MODEL
from pocketllm_cli.models import Job
from pocketllm_cli.sanitize import clean_line


async def wait_for(app: App, api: Api, jobs: Sequence[Job]) -> list[Job]:
    """Return jobs as they end, in this order; Ctrl-C ends the waiting and not the jobs.

    Raises:
        ConnectionLost: The backend was away for a minute.
        JobNotFound: One was deleted meanwhile.
    """
    ids = list(dict.fromkeys(job.id for job in jobs))
    app.invocation.farewell = farewell(ids)
    ended = {job.id: job for job in await JobLine(app.console).follow(api.jobs.watch(ids))}
    app.invocation.farewell = None
    return [ended[job_id] for job_id in ids]


def farewell(ids: Sequence[str]) -> str:
    """Return what to say when somebody no longer wants to wait."""
    short = " ".join(job_id[:8] for job_id in ids)
    if len(ids) == 1:
        return (
            f"The job goes on. Wait for it: `pocketllm jobs wait {short}`; "
            f"stop it: `pocketllm jobs cancel {short}`."
        )
    return f"The jobs go on. Wait for them: `pocketllm jobs wait {short}`."


def fail_if_failed(jobs: Sequence[Job]) -> None:
    """Raise what the failure of jobs means for the exit code.

    Raises:
        JobFailed: One of them, or more, failed.
    """
    failed = [job for job in jobs if job.status == "failed"]
    if not failed:
        return
    hint = _hint(failed[0])
    if len(failed) == 1:
        raise JobFailed(reason_of(failed[0]), hint=hint)
    raise JobFailed(f"{len(failed)} of {len(jobs)} jobs failed.", hint=hint)


def _hint(job: Job) -> str:
    if job.error_log == ImagesNotConfigured.default_message:  # anew it would fail the same way
        return ImagesNotConfigured.default_hint
    if job.error_log == NO_MODEL:
        return (
            "Name one: `pocketllm images create --model openai/gpt-image-1 PROMPT`,"
            " or set IMAGEROUTER_MODEL where the backend is started."
        )
    return f"Do it anew: `pocketllm jobs retry {job.id[:8]}`."


def reason_of(job: Job) -> str:
    """Return in a sentence why a job failed."""
    reason = clean_line(job.error_log or "").strip() or "Nobody noted why."
    if reason.rstrip(".").lower() == "cancelled":
        return "The job was cancelled."
    return f"The job failed: {reason}"
