"""`pocketllm files`: what lies in the person's part of the backend's storage."""

from pathlib import Path
from typing import Annotated

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands import file_analysis
from pocketllm_cli.commands.file_transfer import download_file, find_path, upload_all
from pocketllm_cli.commands.links import ExpiresOption, emit_link, seconds_of
from pocketllm_cli.commands.saving import STDOUT, ForceOption, may_write, sent_to_stdout, target_of
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import NotFound, UsageProblem
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.models import StoredFile
from pocketllm_cli.sanitize import clean_line

_NONE = "No files. `pocketllm ask -a PATH` and `pocketllm files upload` bring some."
_PATH_HELP = "A path as `files list` shows it, or CHAT/NAME."

PathArgument = Annotated[str, typer.Argument(metavar="PATH", help=_PATH_HELP)]

app = noun(
    "Work with the files of your chats.",
    "pocketllm files",
    "pocketllm files download last/photo.jpg photo.jpg",
)


@app.callback()
def files(ctx: typer.Context) -> None:
    """Work with the files of your chats."""
    if ctx.invoked_subcommand is None:
        list_files(ctx)


@verb(app, "list", "pocketllm files list", "pocketllm files list --chat last --json")
def list_files(
    ctx: typer.Context,
    chat: Annotated[
        str | None, typer.Option("--chat", metavar="ID", help="Only those of this chat.")
    ] = None,
) -> None:
    """List your files by path: those of chats, generated images, and what those were made from."""
    from pocketllm_cli.api.chat_folders import chat_folder

    async def work(api: Api) -> list[StoredFile]:
        if chat is not None:
            found = await api.chats.find(chat)
            return await api.files.below(f"{await chat_folder(api, found.id)}/")
        user_id = (await api.account()).id
        kinds = ("generated_images", "image_inputs", "user_files")
        pages = [await api.files.below(f"private/{kind}/{user_id}/") for kind in kinds]
        return [file for page in pages for file in page]

    app = app_of(ctx)
    app.console.emit(app.run(work), _list_as_text)


@verb(
    app,
    "upload",
    "pocketllm files upload report.pdf --chat last",
    "pocketllm files upload *.md --chat 3f2a --json",
)
def upload(
    ctx: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files of this machine.")],
    chat: Annotated[str, typer.Option("--chat", metavar="ID", help="The chat they belong to.")],
) -> None:
    """Store files beside a chat, as they are; none that is there is replaced."""
    app = app_of(ctx)
    stored = upload_all(app, paths, chat)
    app.console.emit(
        stored, lambda files, page: "\n".join(f"Stored {file.path}." for file in files)
    )
    told = " ".join(_quoted(file.path) for file in stored)
    app.console.narrate(f"To undo it: pocketllm files remove {told}")


@verb(
    app,
    "download",
    "pocketllm files download last/photo.jpg photo.jpg",
    "pocketllm files download last/notes.md - | wc -w",
)
def download(
    ctx: typer.Context,
    path: PathArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to; a folder keeps the name, - is stdout.")
    ],
    force: ForceOption = False,
) -> None:
    """Fetch a file; one that is there is replaced only when you say so."""
    app = app_of(ctx)
    if file == STDOUT:
        with sent_to_stdout(app) as draft:
            download_file(app, path, draft)
        return
    target = target_of(file, path.rpartition("/")[2])
    if not may_write(app, target, force=force):
        app.console.say("Nothing was fetched.")
        return
    fetched = download_file(app, path, target)
    told = f"Fetched {clean_line(fetched.path)} to {target}."
    app.console.emit(fetched, lambda file, page: told)


@verb(
    app,
    "link",
    "pocketllm files link last/photo.jpg",
    "pocketllm files link last/report.pdf --expires 7d",
)
def link(ctx: typer.Context, path: PathArgument, expires: ExpiresOption = "1h") -> None:
    """Print an address from which anybody gets this one file, for a while."""
    seconds = seconds_of(expires)

    async def work(api: Api) -> tuple[str, str]:
        whole = await find_path(api, path)
        try:
            return whole, await api.files.sign(whole, seconds)
        except NotFound as error:
            hint = "`pocketllm files list` shows what there is."
            raise NotFound(f"There is no file {clean_line(path)}.", hint=hint) from error

    app = app_of(ctx)
    emit_link(app, *app.run(work), seconds)


verb(
    app,
    "analyze",
    "pocketllm files analyze last/report.pdf",
    "pocketllm files analyze last/report.pdf --json | jq -r .output_data.summary",
)(file_analysis.analyze)


@verb(app, "remove", "pocketllm files remove last/photo.jpg --yes")
def remove(
    ctx: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help=_PATH_HELP)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove files for good; the messages that they went with stay."""
    app = app_of(ctx)

    async def find_all(api: Api) -> list[str]:
        return [await find_path(api, path) for path in paths]

    async def remove_all(api: Api) -> None:
        for path in found:
            try:
                await api.files.remove(path)
            except NotFound as error:
                hint = "`pocketllm files list` shows what there is."
                raise NotFound(f"There is no file {clean_line(path)}.", hint=hint) from error

    if not yes and not app.console.can_ask:
        raise UsageProblem("Removing files needs a confirmation.", hint="Confirm with `--yes`.")
    found = app.run(find_all)
    names = ", ".join(clean_line(path.rpartition("/")[2]) for path in found)
    if not app.console.confirm(f"Remove {names} for good?", yes=yes):
        app.console.say("Nothing was removed.")
        return
    app.run(remove_all)
    records = [{"path": path} for path in found]
    app.console.emit(records, lambda records, page: f"Removed {names}.")


def _list_as_text(files: list[StoredFile], page: Page) -> str:
    if not files:
        return _NONE
    rows = [
        (size_told(file.size or 0), file.content_type, local_time(file.updated_at), file.path)
        for file in files
    ]
    return page.table(("SIZE", "KIND", "STORED", "PATH"), rows, numbers=("SIZE",))


def _quoted(path: str) -> str:
    import shlex  # only for this line

    return shlex.quote(path)
