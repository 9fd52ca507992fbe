"""`pocketllm admin jobs`: work of all users that waits, runs or is over."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import typer

from pocketllm_cli.api.operating import Operator, Outcome
from pocketllm_cli.api.operator_jobs import Jobs, UserJob
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands.operating import (
    DryRunOption,
    YesOption,
    counts_as_text,
    may_go_on,
    progress,
    run_as_operator,
)
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.moments import parse_moment
from pocketllm_cli.upkeep.retention import Span, find_old, purge_jobs

_CANCELS: Final = "This ends jobs that somebody waits for."
_PURGES: Final = "This removes jobs, and the pictures that they made, for good."

app = noun(
    "Jobs of all users.",
    "pocketllm admin jobs list --status failed",
    "pocketllm admin jobs purge --older-than 90d --dry-run",
)

JobsArgument = Annotated[
    list[str], typer.Argument(metavar="ID...", help="As `admin jobs list` shows them.")
]


class Status(StrEnum):
    """How far a job is."""

    pending = "pending"
    processing = "processing"
    completed = "completed"
    failed = "failed"


@app.callback()
def jobs(ctx: typer.Context) -> None:
    """Jobs of all users."""
    if ctx.invoked_subcommand is None:
        list_jobs(ctx)


@verb(
    app,
    "list",
    "pocketllm admin jobs list --status failed",
    "pocketllm admin jobs list --user ada@example.com --json",
)
def list_jobs(
    ctx: typer.Context,
    status: Annotated[
        Status | None, typer.Option("--status", help="Only those that are that far.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Only those of this user.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Such as image_generation.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """List jobs, the last changed first."""
    app = app_of(ctx)

    async def work(operator: Operator) -> list[UserJob]:
        filters = [("status", f"eq.{status.value}")] if status else []
        filters += [("job_type", f"eq.{kind}")] if kind else []
        if user is not None:
            filters.append(("user_id", f"eq.{(await operator.users.find(user)).id}"))
        return await Jobs(operator.wire).newest(filters, limit)

    app.console.emit(run_as_operator(app, work), _list_as_text)


@verb(app, "retry", "pocketllm admin jobs retry 3f2a6c1e-0000-4000-8000-000000000000")
def retry(ctx: typer.Context, ids: JobsArgument) -> None:
    """Have failed jobs done anew, each as a new job; the failed ones stay as they are."""
    app = app_of(ctx)

    async def work(operator: Operator) -> list[UserJob]:
        async with operator.audited("jobs retry") as outcome:
            made = []
            for job_id in ids:
                made.append(await Jobs(operator.wire).retry(job_id))
                outcome.count("jobs", 1)
            return made

    made = run_as_operator(app, work)
    app.console.emit(
        made, lambda made, page: "\n".join(f"Made the job {job.id} anew." for job in made)
    )


@verb(app, "cancel", "pocketllm admin jobs cancel 3f2a6c1e-0000-4000-8000-000000000000 --yes")
def cancel(ctx: typer.Context, ids: JobsArgument, yes: YesOption = False) -> None:
    """End jobs that wait or run; a worker that has one can store nothing any more."""
    app = app_of(ctx)

    async def find(operator: Operator) -> list[UserJob]:
        return [await Jobs(operator.wire).get(job_id) for job_id in ids]

    found = run_as_operator(app, find)
    plan = f"This would end:\n{_list_as_text(found, app.console.page)}"
    if not may_go_on(app, plan, "End them?", yes=yes, danger=_CANCELS):
        return

    async def work(operator: Operator) -> list[UserJob]:
        async with operator.audited("jobs cancel") as outcome:
            ended = []
            for job in found:
                ended.append(await Jobs(operator.wire).cancel(job.id))
                outcome.count("jobs", 1)
            return ended

    ended = run_as_operator(app, work)
    app.console.emit(
        ended, lambda jobs, page: "\n".join(f"Cancelled the job {job.id}." for job in jobs)
    )


@verb(
    app,
    "purge",
    "pocketllm admin jobs purge --older-than 90d --dry-run",
    "pocketllm admin jobs purge --older-than 90d --yes",
)
def purge(
    ctx: typer.Context,
    older_than: Annotated[
        str,
        typer.Option("--older-than", metavar="AGE", help="90d, 12w, or a date."),
    ],
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Only those of this user.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Remove jobs that are over, with the pictures that they made.

    It may be stopped at any point; the same command goes on from there.
    """
    app = app_of(ctx)
    span = span_of(app, older_than, user)
    old = next(
        place
        for place in run_as_operator(app, lambda operator: find_old(operator, span))
        if place.place == "jobs"
    )
    told = f"{old.entries:,} jobs of {old.users:,} users were over before {span.before:%Y-%m-%d}"
    if dry_run:
        app.console.emit(old, lambda old, page: f"{told}.")
        return
    if not may_go_on(app, f"{told}; they would go.", "Remove them?", yes=yes, danger=_PURGES):
        return
    app.invocation.farewell = "Stopped. The same command goes on from here."

    async def work(operator: Operator) -> Outcome:
        before = span.before.isoformat()
        async with operator.audited(
            "jobs purge", span.user_id, asked={"before": before}
        ) as outcome:
            await purge_jobs(operator, span, outcome, progress(app))
        return outcome

    done = run_as_operator(app, work).done
    app.console.emit({"removed": done}, lambda _, page: f"Removed {counts_as_text(done)}.")


def span_of(app: App, older_than: str, user: str | None) -> Span:
    """Return what is meant by an age and, perhaps, a user.

    Raises:
        UsageProblem: The age is none.
        UserNotFound: There is no such user.
    """
    before = parse_moment(older_than, datetime.now().astimezone())
    if user is None:
        return Span(before)
    return Span(before, run_as_operator(app, lambda operator: operator.users.find(user)).id)


def _list_as_text(jobs: list[UserJob], page: Page) -> str:
    if not jobs:
        return "No jobs."
    rows = [
        (job.id, job.status, job.job_type, job.user_id, local_time(job.updated_at), job.error_log)
        for job in jobs
    ]
    return page.table(("ID", "STATUS", "TYPE", "USER", "CHANGED", "WHY"), rows)
