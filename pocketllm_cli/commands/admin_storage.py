"""`pocketllm admin storage`: who keeps how much, and what belongs to nothing."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Final

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.admin_program import run_admin_program
from pocketllm_cli.commands.operating import (
    DryRunOption,
    YesOption,
    counts_as_text,
    may_go_on,
    progress,
    run_as_operator,
)
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.upkeep.storage import Share, Untidy, find_untidy, tidy, usage

_REMOVES: Final = "This removes files, and jobs whose picture is gone, for good."

app = noun(
    "What Storage keeps.",
    "pocketllm admin storage usage",
    "pocketllm admin storage gc --dry-run",
)


@app.callback()
def storage(ctx: typer.Context) -> None:
    """What Storage keeps."""
    if ctx.invoked_subcommand is None:
        show_usage(ctx)


@verb(app, "usage", "pocketllm admin storage usage", "pocketllm admin storage usage --json")
def show_usage(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many users.")] = 20,
) -> None:
    """List whose files take most, the biggest first."""
    app = app_of(ctx)
    shares = run_as_operator(app, lambda operator: usage(operator, limit))
    app.console.emit(shares, _shares_as_text)


@verb(
    app, "gc", "pocketllm admin storage gc --dry-run", "pocketllm admin storage gc --grace 48 --yes"
)
def collect(
    ctx: typer.Context,
    grace: Annotated[
        float, typer.Option("--grace", min=1, help="What is younger, in hours, is left alone.")
    ] = 24,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Remove files that nothing needs, and jobs whose picture is gone.

    Those are files of chats, jobs and users that are gone, of jobs that failed, and on the embedded
    backend what is on the disk and in no list. A chat that can be restored keeps its files.
    """
    app = app_of(ctx)
    span = timedelta(hours=grace)
    untidy = run_as_operator(app, lambda operator: find_untidy(operator, span))
    loose = _loose_files(app, span, is_wanted=False)
    counts = untidy.counts() | loose
    if dry_run:
        record = {"files": [asdict(file) for file in untidy.files], "jobs": untidy.jobs, **loose}
        app.console.emit(record, lambda _, page: _plan(untidy, counts, page))
        return
    plan = _plan(untidy, counts, app.console.page)
    if not may_go_on(app, plan, "Remove it?", yes=yes, danger=_REMOVES):
        return
    app.invocation.farewell = "Stopped. The same command goes on from here."
    done = run_as_operator(app, lambda operator: tidy(operator, untidy, progress(app)))
    done |= _loose_files(app, span, is_wanted=True)
    app.console.emit({"removed": done}, lambda _, page: f"Removed {counts_as_text(done)}.")


def _loose_files(app: App, grace: timedelta, *, is_wanted: bool) -> dict[str, int]:
    """Count, or remove, files on the embedded backend's disk that are in no list."""
    if not app.context.is_embedded:
        return {}
    words = ["storage", "sweep", "--grace-seconds", str(int(grace.total_seconds()))]
    told: dict[str, Any] = run_admin_program(app, [*words, *["--dry-run"] * (not is_wanted)])
    return {"files on the disk in no list": told["loose"], "uploads left over": told["unfinished"]}


def _plan(untidy: Untidy, counts: dict[str, int], page: Page) -> str:
    if not any(counts.values()):
        return "Everything fits together."
    size = size_told(sum(file.bytes for file in untidy.files))
    fields = page.fields([(why, f"{number:,}") for why, number in counts.items() if number])
    return f"This would be removed ({size} of files):\n{fields}"


def _shares_as_text(shares: list[Share], page: Page) -> str:
    if not shares:
        return "No files."
    rows = [(share.user_id, f"{share.files:,}", size_told(share.bytes)) for share in shares]
    return page.table(("USER", "FILES", "SIZE"), rows, numbers=("FILES", "SIZE"))
