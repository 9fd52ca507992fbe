"""`pocketllm images create`: asks for a picture, waits for it, and saves or draws it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.images import ImageRequest
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.job_waiting import fail_if_failed, farewell, wait_for
from pocketllm_cli.commands.saving import STDOUT, ForceOption, may_write, target_of
from pocketllm_cli.commands.suggestions import job_names, suggest_models
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import Job
from pocketllm_cli.piped_text import read_piped_text
from pocketllm_cli.transfer_line import TransferLine

_NO_PROMPT: Final = "There is nothing to make a picture of."
_ASKED: Final = "Stopped while it was asked for; `pocketllm images list` shows whether it is made."


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is wanted, and where it is to go."""

    request: ImageRequest
    input_file: Path | None
    is_waited_for: bool
    output: Path | None


def create(
    ctx: typer.Context,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="What to show; piped text is put before it."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "-m",
            "--model",
            metavar="NAME",
            help="A model config's name, or what ImageRouter calls a model.",
            autocompletion=suggest_models,
        ),
    ] = None,
    quality: Annotated[
        str | None, typer.Option("--quality", metavar="QUALITY", help="Such as low, medium, high.")
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="SIZE", help="Such as 1024x1024.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the picture, or only ask for it.")
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Save it there when it is made."),
    ] = None,
    input_file: Annotated[
        Path | None,
        typer.Option("-i", "--input", metavar="FILE", help="A picture that is to be changed."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Have a picture made, and draw it on the terminal or save it.

    The backend makes it, whether you wait or not. Ctrl-C ends the waiting and leaves the job; a
    failed job ends with 7. Without a terminal the picture's path is printed.
    """
    app = app_of(ctx)
    if output is not None and not wait:
        raise UsageProblem(
            "A picture that is not waited for cannot be saved.",
            hint="Save it later: `pocketllm images save last FILE`.",
        )
    if output == STDOUT:
        raise UsageProblem(
            "A picture that is made is saved in a file.",
            hint="Afterwards `pocketllm images save last -` sends it to standard output.",
        )
    prompt = _prompt(app, " ".join(text or ()))
    if output is not None and not output.is_dir() and not may_write(app, output, force=force):
        app.console.say("Nothing was asked for.")
        return
    request = ImageRequest(prompt, model, quality, size)
    job = app.run(lambda api: _make(app, api, _Wish(request, input_file, wait, output)))
    app.remembered.add("jobs", *job_names([job]))
    if not wait:
        app.console.emit(job, lambda job, page: job.id if page.width is None else _begun(job))
        return
    _show(app, job, output)


def save_picture(app: App, job: Job, target: Path) -> None:
    """Save the picture of a job, with a line that says how far it is.

    Raises:
        Conflict: There is no picture, or not yet.
        NotFound: It was removed.
        LocalFileProblem: It cannot be written.
    """
    line = TransferLine(app.console, "Fetching")
    try:
        app.run(
            lambda api: api.images.download(
                job, target, lambda done, total: line(target.name, done, total)
            )
        )
    finally:
        line.end()


async def _make(app: App, api: Api, wish: _Wish) -> Job:
    model = await api.model_configs.picture_model(wish.request.model)
    request = replace(wish.request, model=model)
    app.invocation.farewell = _ASKED
    if wish.input_file is None:
        job = await api.images.create(request)
    else:
        from pocketllm_cli.commands.image_input import create_from  # brings in Pillow

        job = await create_from(api, wish.input_file, request)
    app.invocation.farewell = farewell([job.id])
    return (await wait_for(app, api, [job]))[0] if wish.is_waited_for else job


def _prompt(app: App, typed: str) -> str:
    piped = (read_piped_text(app.console.narrate) or "").rstrip("\n")
    prompt = "\n\n".join(part for part in (piped, typed) if part.strip())
    if not prompt.strip():
        hint = 'Say what: `pocketllm images create "a red balloon"`.'
        raise UsageProblem(_NO_PROMPT, hint=hint)
    return prompt


def _show(app: App, job: Job, output: Path | None) -> None:
    """Save or draw what was made, print the record or where it is, and fail if the job failed."""
    saved = None
    if job.status == "completed" and output is not None:
        saved = target_of(output, f"{job.id[:8]}.png")
        save_picture(app, job, saved)
    elif job.status == "completed":
        _draw(app, job)
    if job.status == "completed" or app.invocation.as_json:
        app.console.emit(job, lambda job, page: _as_text(job, page, saved))
    fail_if_failed([job])


def _draw(app: App, job: Job) -> None:
    if not app.console.is_terminal:
        return
    from pocketllm_cli.commands.drawing import draw_picture_of

    draw_picture_of(app, job)


def _as_text(job: Job, page: Page, saved: Path | None) -> str:
    if page.width is None:
        return str(saved or job.picture_path or job.id)
    if saved is not None:
        return f"Saved {job.id[:8]} to {saved}."
    return f"Made {job.id[:8]}. Save it: pocketllm images save {job.id[:8]} FILE"


def _begun(job: Job) -> str:
    return f"Begun as {job.id}. Wait for it: pocketllm jobs wait {job.id[:8]}"
