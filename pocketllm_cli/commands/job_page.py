"""How jobs are named on the command line and laid out for people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands.suggestions import suggest_jobs
from pocketllm_cli.durations import clock_told
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.models import Job

_JOB_HELP = "An id, the beginning of one, or `last`."
_LONGEST_CELL = 200

JobArgument = Annotated[
    str, typer.Argument(metavar="JOB", help=_JOB_HELP, autocompletion=suggest_jobs)
]
JobArguments = Annotated[
    list[str], typer.Argument(metavar="JOB...", help=_JOB_HELP, autocompletion=suggest_jobs)
]
LimitOption = Annotated[
    int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")
]


def jobs_as_table(jobs: Sequence[Job], page: Page, *, with_type: bool) -> str:
    """Return a list of jobs; of one that failed the reason stands in place of its subject."""
    headings = ["ID", "STATE", "BEGUN", *(["TYPE"] if with_type else []), "WHAT"]
    rows = [
        (
            job.id[:8],
            state_told(job),
            local_time(job.created_at),
            *([job.job_type] if with_type else []),
            (job.error_log or job.subject)[:_LONGEST_CELL],
        )
        for job in jobs
    ]
    return page.table(headings, rows)


def state_told(job: Job) -> str:
    """Return the state of a job; one that waits to be tried again says so."""
    if job.next_attempt_at and not job.is_over:
        return f"retrying ({job.attempt})"
    return job.status


def job_as_fields(job: Job, page: Page) -> str:
    """Return everything worth telling of one job."""
    asked, made = job.input_data or {}, job.output_data or {}
    size = made.get("size")
    pixels = (made.get("width"), made.get("height"))
    return page.fields(
        [
            ("id", job.id),
            ("type", job.job_type),
            ("state", state_told(job)),
            ("reason", job.error_log),
            ("prompt", job.prompt),
            ("file", job.document_path),
            ("model", made.get("model") or asked.get("modelId")),
            ("quality", asked.get("quality")),
            ("wanted size", asked.get("size")),
            ("begun", local_time(job.created_at)),
            ("took", _took(job)),
            ("attempts", job.attempt if job.attempt > 1 else None),
            ("next attempt", job.next_attempt_at and local_time(job.next_attempt_at)),
            ("path", job.picture_path),
            ("pixels", f"{pixels[0]} x {pixels[1]}" if all(pixels) else None),
            ("size", size_told(size) if isinstance(size, int) else None),
            ("cost", _cost(made.get("cost_usd"))),
        ]
    )


def _took(job: Job) -> str | None:
    if not job.is_over:
        return None
    try:
        begun, ended = map(datetime.fromisoformat, (job.created_at, job.updated_at))
    except ValueError:
        return None
    return clock_told((ended - begun).total_seconds())


def _cost(cost: object) -> str | None:
    return f"${cost:.4f}" if isinstance(cost, int | float) else None
