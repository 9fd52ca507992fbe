"""`pocketllm admin retention`: what was not used for long goes."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Final

import typer

from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands.admin_jobs import span_of
from pocketllm_cli.commands.operating import (
    DryRunOption,
    YesOption,
    counts_as_text,
    may_go_on,
    progress,
    run_as_operator,
)
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.upkeep.retention import Old, find_old, remove_old

_REMOVES: Final = "This removes chats and jobs, with their files, for good."

app = single()


class What(StrEnum):
    """What is looked at."""

    chats = "chats"
    jobs = "jobs"
    deleted_chats = "deleted-chats"


@verb(
    app,
    "retention",
    "pocketllm admin retention --older-than 365d --dry-run",
    "pocketllm admin retention --older-than 365d --only jobs --yes",
)
def retention(
    ctx: typer.Context,
    older_than: Annotated[
        str,
        typer.Option("--older-than", metavar="AGE", help="365d, 52w, or a date."),
    ],
    only: Annotated[
        list[What] | None, typer.Option("--only", help="Only this; may be given several times.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Only what is this user's.")
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Remove chats, jobs that are over, and deleted chats that were last used before a time.

    Their files go with them. Nothing of it can be restored. It may be stopped at any point; the
    same command goes on from there.
    """
    app = app_of(ctx)
    span = span_of(app, older_than, user)
    places = [what.value.replace("-", " ") for what in only or What]
    found = run_as_operator(app, lambda operator: find_old(operator, span))
    old = [place for place in found if place.place in places]
    if dry_run:
        app.console.emit([asdict(place) for place in old], lambda _, page: _as_text(old, page))
        return
    plan = f"Last used before {span.before:%Y-%m-%d}:\n{_as_text(old, app.console.page)}"
    if not may_go_on(app, plan, "Remove it all?", yes=yes, danger=_REMOVES):
        return
    app.invocation.farewell = "Stopped. The same command goes on from here."
    done = run_as_operator(app, lambda operator: remove_old(operator, span, places, progress(app)))
    app.console.emit({"removed": done}, lambda _, page: f"Removed {counts_as_text(done)}.")


def _as_text(old: list[Old], page: Page) -> str:
    rows = [
        (place.place, f"{place.entries:,}", f"{place.users:,}", local_time(place.oldest))
        for place in old
    ]
    return page.table(("WHAT", "NUMBER", "USERS", "OLDEST"), rows, numbers=("NUMBER", "USERS"))
