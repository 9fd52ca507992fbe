"""`pocketllm files analyze`: has a document read and summarised by its chat's model."""

from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.file_transfer import find_path
from pocketllm_cli.commands.job_waiting import fail_if_failed, farewell, wait_for
from pocketllm_cli.commands.suggestions import job_names
from pocketllm_cli.errors import NotFound
from pocketllm_cli.models import Job
from pocketllm_cli.sanitize import clean_line, clean_text

_ASKED: Final = "Stopped while it was asked for; `pocketllm jobs list` shows whether it is done."


def analyze(
    ctx: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A path as `files list` shows it, or CHAT/NAME.")
    ],
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the summary, or only ask for it.")
    ] = True,
) -> None:
    """Have a text or PDF summarised by its chat's model, and print the summary.

    Where the document does not fit the model's window, questions of its chat are told the summary
    in its place from then on. The backend does it, whether you wait or not.
    """
    app = app_of(ctx)
    job = app.run(lambda api: _analyze(app, api, path, is_waited_for=wait))
    app.remembered.add("jobs", *job_names([job]))
    if job.status == "completed" or not wait or app.invocation.as_json:
        app.console.emit(job, _as_text)
    if wait:
        fail_if_failed([job])


async def _analyze(app: App, api: Api, path: str, *, is_waited_for: bool) -> Job:
    whole = await find_path(api, path)
    if not any(file.path == whole for file in await api.files.below(whole)):
        hint = "`pocketllm files list` shows what there is."
        raise NotFound(f"There is no file {clean_line(path)}.", hint=hint)
    app.invocation.farewell = _ASKED
    job = await api.jobs.analyze(whole)
    app.invocation.farewell = farewell([job.id])
    return (await wait_for(app, api, [job]))[0] if is_waited_for else job


def _as_text(job: Job, page: Page) -> str:
    if job.status == "completed":
        return clean_text(job.summary).strip()
    if page.width is None:
        return job.id
    short = job.id[:8]
    return (
        f"Begun as {job.id}. Wait for it: pocketllm jobs wait {short}\n"
        f"Then read it: pocketllm jobs show {short}"
    )
