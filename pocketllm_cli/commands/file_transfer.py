"""Files up and down for `pocketllm files`, with a line that says how far they are."""

from collections.abc import Sequence
from pathlib import Path

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App
from pocketllm_cli.errors import NotFound, UsageProblem
from pocketllm_cli.models import StoredFile
from pocketllm_cli.transfer_line import TransferLine


def upload_all(app: App, paths: Sequence[str], chat: str) -> list[StoredFile]:
    """Store files beside a chat and return them; when one cannot be stored, none is.

    Raises:
        UsageProblem: A path is no file, or one of a kind that is not stored.
        ChatNotFound: There is no such chat.
    """
    from pocketllm_cli.api.attachments import upload_files
    from pocketllm_cli.attachables import look_at, refuse_address

    for path in paths:
        refuse_address(path)
    found = [look_at(Path(path).expanduser()) for path in paths]
    line = TransferLine(app.console, "Uploading")

    async def work(api: Api) -> list[StoredFile]:
        chat_id = (await api.chats.find(chat)).id
        stored = await upload_files(api, chat_id, found, line)
        return [
            StoredFile(path, file.size, file.media_type, None)
            for path, file in zip(stored, found, strict=True)
        ]

    try:
        return app.run(work)
    finally:
        line.end()


def download_file(app: App, path: str, target: Path) -> StoredFile:
    """Fetch one file.

    Raises:
        NotFound: There is none.
        LocalFileProblem: It cannot be written.
    """
    line = TransferLine(app.console, "Downloading")

    async def work(api: Api) -> StoredFile:
        whole = await find_path(api, path)
        try:
            return await api.files.download(
                whole, target, progress=lambda done, total: line(target.name, done, total)
            )
        except NotFound as error:
            hint = "`pocketllm files list` shows what there is."
            raise NotFound(f"There is no file {path}.", hint=hint) from error

    try:
        return app.run(work)
    finally:
        line.end()


async def find_path(api: Api, path: str) -> str:
    """Return the whole path of a file that is named by it, or as CHAT/NAME.

    Raises:
        ChatNotFound | AmbiguousId: The chat in it cannot be found.
        UsageProblem: It is neither.
    """
    from pocketllm_cli.api.chat_folders import chat_folder

    if path.startswith(("private/", "public/")):
        return path
    chat, slash, name = path.partition("/")
    if not slash or not name or "/" in name:
        raise UsageProblem(
            f"“{path}” names no file.",
            hint="Give a path of `pocketllm files list`, or CHAT/NAME: `last/photo.jpg`.",
        )
    return f"{await chat_folder(api, (await api.chats.find(chat)).id)}/{name}"
