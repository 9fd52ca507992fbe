"""`pocketllm admin users delete` and `export`: everything of a user, for good or in a file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from pocketllm_cli.api.operating import Operator
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.operating import (
    DryRunOption,
    UserArgument,
    YesOption,
    counts_as_text,
    may_go_on,
    progress,
    run_as_operator,
)
from pocketllm_cli.errors import LocalFileProblem, UserNotFound
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.models import User
from pocketllm_cli.upkeep.export import export_user
from pocketllm_cli.upkeep.users import Footprint, delete_user, footprint

_DELETES: Final = "This deletes a user and everything that is theirs, for good."


def delete(
    ctx: typer.Context, user: UserArgument, dry_run: DryRunOption = False, yes: YesOption = False
) -> None:
    """Delete a user with all that is theirs: chats, files, jobs, keys, sessions.

    It may be stopped at any point; the same command, with the id, goes on from there.
    """
    app = app_of(ctx)

    async def plan(operator: Operator) -> tuple[str, str, list[Footprint]]:
        try:
            found = await operator.users.find(user)
            return found.id, found.email or found.id, await footprint(operator, found.id)
        except UserNotFound:
            places = await footprint(operator, user) if _is_id(user) else []
            if not any(place.entries for place in places):
                raise
            return user, f"{user}, whose account is gone already", places

    user_id, name, places = run_as_operator(app, plan)
    if dry_run:
        has = {"id": user_id, "has": [asdict(place) for place in places]}
        app.console.emit(has, lambda _, page: f"Would delete {name}:\n{has_as_text(places, page)}")
        return
    told = f"This would delete {name}:\n{has_as_text(places, app.console.page)}"
    if not may_go_on(app, told, "Delete it all?", yes=yes, danger=_DELETES):
        return
    app.invocation.farewell = "Stopped. The same command, with the id, goes on from here."
    done = run_as_operator(app, lambda operator: delete_user(operator, user_id, progress(app)))
    record = {"id": user_id, "deleted": done}
    app.console.emit(record, lambda _, page: f"Deleted {name}: {counts_as_text(done)}.")


def export(
    ctx: typer.Context,
    user: UserArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A ZIP file that is not there.")],
) -> None:
    """Write everything of one user to a file: profile, models, chats, jobs, files; never a key."""
    app = app_of(ctx)
    if file.exists():
        raise LocalFileProblem(f"{file} is there already.", hint="Name another file.")

    async def work(operator: Operator) -> tuple[User, dict[str, int]]:
        found = await operator.users.find(user)
        return found, await export_user(operator, found, file, progress(app))

    found, done = run_as_operator(app, work)
    record = {"id": found.id, "file": str(file), "exported": done}
    app.console.emit(record, lambda _, page: f"Wrote {counts_as_text(done)} to {file}.")


def _is_id(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def has_as_text(places: list[Footprint], page: Page) -> str:
    """Return how much a user has, a line for each place."""
    return page.fields(
        [
            (
                place.place,
                f"{place.entries:,}"
                + (f", {size_told(place.bytes)}" if place.bytes and place.entries else ""),
            )
            for place in places
        ]
    )
