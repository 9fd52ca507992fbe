"""`pocketllm images`: pictures that models make; each belongs to the job that made it."""

from pathlib import Path
from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.images import path_or_fail
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands import image_creation
from pocketllm_cli.commands.image_creation import save_picture
from pocketllm_cli.commands.job_page import (
    JobArgument,
    JobArguments,
    LimitOption,
    job_as_fields,
    jobs_as_table,
)
from pocketllm_cli.commands.links import ExpiresOption, emit_link, seconds_of
from pocketllm_cli.commands.saving import STDOUT, ForceOption, may_write, sent_to_stdout, target_of
from pocketllm_cli.commands.suggestions import job_names
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import Job

_USUAL_LIMIT: Final = 20
_NONE: Final = 'No images. Have one made: pocketllm images create "a red balloon"'

app = noun(
    "Have pictures made.",
    'pocketllm images create "a red balloon" --output balloon.png',
    "pocketllm images show last",
)
verb(
    app,
    "create",
    'pocketllm images create "a red balloon over Oslo"',
    'pocketllm images create "a logo" --model openai/gpt-image-1 --size 1024x1024 -o logo.png',
    'pocketllm images create "make it night" --input oslo.jpg --output night.png',
    "pocketllm images create --no-wait --json < prompt.txt | jq -r .id",
)(image_creation.create)


@app.callback()
def images(ctx: typer.Context) -> None:
    """Have pictures made."""
    if ctx.invoked_subcommand is None:
        list_images(ctx)


@verb(app, "list", "pocketllm images list", "pocketllm images list --json | jq '.[].input_data'")
def list_images(ctx: typer.Context, limit: LimitOption = _USUAL_LIMIT) -> None:
    """List your pictures and those being made, the newest first."""
    app = app_of(ctx)
    found = app.run(lambda api: api.images.newest(limit))
    app.remembered.add("jobs", *job_names(found))
    app.console.emit(
        found,
        lambda jobs, page: jobs_as_table(jobs, page, with_type=False) if jobs else _NONE,
    )


@verb(app, "show", "pocketllm images show last", "pocketllm images show 3f2a --json")
def show(ctx: typer.Context, job: JobArgument) -> None:
    """Draw a picture on the terminal and tell about it; elsewhere print its path in storage."""
    app = app_of(ctx)

    found = app.run(lambda api: api.images.find(job))
    if app.console.is_terminal:
        from pocketllm_cli.commands.drawing import draw_picture_of  # brings in Pillow

        draw_picture_of(app, found)
    app.console.emit(found, _as_text)


@verb(
    app,
    "save",
    "pocketllm images save last balloon.png",
    "pocketllm images save 3f2a ~/Pictures/",
)
def save(
    ctx: typer.Context,
    job: JobArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Where to; a folder takes it by its id, - is stdout."),
    ],
    force: ForceOption = False,
) -> None:
    """Save a picture as a PNG; a file that is there is replaced only when you say so."""
    app = app_of(ctx)
    found = app.run(lambda api: api.images.find(job))
    path_or_fail(found)
    if file == STDOUT:
        with sent_to_stdout(app) as draft:
            save_picture(app, found, draft)
        return
    target = target_of(file, f"{found.id[:8]}.png")
    if not may_write(app, target, force=force):
        app.console.say("Nothing was saved.")
        return
    save_picture(app, found, target)
    app.console.emit(found, lambda job, page: f"Saved {job.id[:8]} to {target}.")


@verb(
    app,
    "link",
    "pocketllm images link last",
    "pocketllm images link 3f2a --expires 7d",
)
def link(ctx: typer.Context, job: JobArgument, expires: ExpiresOption = "1h") -> None:
    """Print an address from which anybody gets this one picture, for a while."""
    seconds = seconds_of(expires)

    async def work(api: Api) -> tuple[str, str]:
        found = await api.images.find(job)
        return found.picture_path or "", await api.images.link(found, seconds)

    app = app_of(ctx)
    emit_link(app, *app.run(work), seconds)


@verb(app, "remove", "pocketllm images remove 3f2a 77c1", "pocketllm images remove last --yes")
def remove(
    ctx: typer.Context,
    jobs: JobArguments,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove pictures, and the records of their jobs, for good."""
    app = app_of(ctx)

    async def find_all(api: Api) -> list[Job]:
        found = [await api.images.find(job) for job in jobs]
        return list({job.id: job for job in found}.values())

    async def remove_all(api: Api) -> None:
        for job in doomed:
            await api.images.remove(job)

    if not yes and not app.console.can_ask:
        raise UsageProblem("Removing images needs a confirmation.", hint="Confirm with `--yes`.")
    doomed = app.run(find_all)
    names = ", ".join(job.id[:8] for job in doomed)
    if not app.console.confirm(f"Remove {names} for good?", yes=yes):
        app.console.say("Nothing was removed.")
        return
    app.run(remove_all)
    app.remembered.drop("jobs", *(value for value, _ in job_names(doomed)))
    app.console.emit(doomed, lambda doomed, page: f"Removed {names}.")


def _as_text(job: Job, page: Page) -> str:
    if page.width is None and job.picture_path:
        return job.picture_path
    return job_as_fields(job, page)
