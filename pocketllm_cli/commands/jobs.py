"""`pocketllm jobs`: work that the backend does while nobody waits."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.job_page import (
    JobArgument,
    JobArguments,
    LimitOption,
    job_as_fields,
    jobs_as_table,
)
from pocketllm_cli.commands.job_waiting import fail_if_failed, reason_of, wait_for
from pocketllm_cli.commands.suggestions import job_names
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import Conflict
from pocketllm_cli.models import Job
from pocketllm_cli.sanitize import clean_text

_USUAL_LIMIT: Final = 20
_NONE: Final = 'No jobs. Have a picture made: pocketllm images create "a red balloon"'
_NONE_SUCH: Final = "No such jobs."


class State(StrEnum):
    """The state of a job."""

    pending = "pending"
    processing = "processing"
    completed = "completed"
    failed = "failed"


app = noun("Follow what the backend works at.", "pocketllm jobs", "pocketllm jobs wait last")


@app.callback()
def jobs(ctx: typer.Context) -> None:
    """Follow what the backend works at."""
    if ctx.invoked_subcommand is None:
        list_jobs(ctx)


@verb(
    app,
    "list",
    "pocketllm jobs list",
    "pocketllm jobs list --status processing",
    "pocketllm jobs list --status failed --json | jq -r '.[].error_log'",
)
def list_jobs(
    ctx: typer.Context,
    status: Annotated[
        State | None, typer.Option("--status", metavar="STATE", help="Only those in this state.")
    ] = None,
    limit: LimitOption = _USUAL_LIMIT,
) -> None:
    """List your jobs, the newest first."""
    app = app_of(ctx)
    statuses = [] if status is None else [status.value]
    found = app.run(lambda api: api.jobs.newest(limit, statuses=statuses))
    app.remembered.add("jobs", *job_names(found))

    def as_text(jobs: list[Job], page: Page) -> str:
        if not jobs:
            return _NONE_SUCH if statuses else _NONE
        return jobs_as_table(jobs, page, with_type=True)

    app.console.emit(found, as_text)


@verb(app, "show", "pocketllm jobs show last", "pocketllm jobs show 3f2a --json | jq .output_data")
def show(ctx: typer.Context, job: JobArgument) -> None:
    """Show a job: what was asked, how it is getting on, and what came of it."""
    app = app_of(ctx)
    app.console.emit(app.run(lambda api: api.jobs.find(job)), _record)


@verb(app, "wait", "pocketllm jobs wait last", "pocketllm jobs wait 3f2a 77c1 --json")
def wait(ctx: typer.Context, jobs: JobArguments) -> None:
    """Wait until jobs are over; ends with 7 if one failed.

    Ctrl-C ends the waiting, not the jobs.
    """
    app = app_of(ctx)

    async def work(api: Api) -> list[Job]:
        return await wait_for(app, api, [await api.jobs.find(job) for job in jobs])

    ended = app.run(work)
    app.console.emit(ended, lambda jobs, page: "\n".join(_outcome(job) for job in jobs))
    fail_if_failed(ended)


@verb(app, "cancel", "pocketllm jobs cancel last")
def cancel(ctx: typer.Context, job: JobArgument) -> None:
    """Stop a job that is not over; it ends as failed, and nothing of it is kept."""

    async def work(api: Api) -> Job:
        found = await api.jobs.find(job)
        if found.is_over:
            raise _is_over(found)
        ended = await api.jobs.cancel(found.id)
        if ended.status == "completed":  # faster than we were
            raise _is_over(ended)
        return ended

    _emit(app_of(ctx), work, "Cancelled {}.")


@verb(
    app,
    "retry",
    "pocketllm jobs retry last",
    "pocketllm jobs retry 3f2a && pocketllm jobs wait last",
)
def retry(ctx: typer.Context, job: JobArgument) -> None:
    """Begin a new job with the input of one that failed; the failed one stays as it is."""

    async def work(api: Api) -> Job:
        return await api.jobs.retry((await api.jobs.find(job)).id)

    app = app_of(ctx)
    new = _emit(app, work, "Begun anew as {}.")
    app.remembered.add("jobs", *job_names([new]))
    app.console.narrate(f"Wait for it: pocketllm jobs wait {new.id[:8]}")


def _emit(app: App, work: Callable[[Api], Awaitable[Job]], told: str) -> Job:
    job = app.run(work)
    app.console.emit(job, lambda job, page: told.format(job.id))
    return job


def _record(job: Job, page: Page) -> str:
    """Return all that is known of a job, and below it what an analysis came to."""
    fields = job_as_fields(job, page)
    return f"{fields}\n\n{clean_text(job.summary).strip()}" if job.summary else fields


def _is_over(job: Job) -> Conflict:
    return Conflict(
        f"The job is over: it {'was completed' if job.status == 'completed' else 'failed'}.",
        hint=f"See it with `pocketllm jobs show {job.id[:8]}`.",
    )


def _outcome(job: Job) -> str:
    if job.status == "failed":
        return f"{job.id[:8]}  {reason_of(job)}"
    return f"{job.id[:8]}  {job.status}" + (f"  {job.picture_path}" if job.picture_path else "")
