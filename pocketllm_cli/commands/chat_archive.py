"""`pocketllm chats archive` and `pocketllm chats unarchive`."""

from typing import Annotated

import typer

from pocketllm_cli.api.chats import LAST
from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App, app_of
from pocketllm_cli.errors import ChatNotFound
from pocketllm_cli.models import Chat
from pocketllm_cli.sanitize import clean_line

ChatArguments = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Ids, their beginnings, or `last`.")
]


def archive(ctx: typer.Context, chat_ids: ChatArguments) -> None:
    """Put chats away: no list has them, search finds them, a new message brings them back."""
    app = app_of(ctx)
    chats = _move(app, chat_ids, is_archived=True)
    app.console.emit(chats, lambda chats, page: f"Archived {_names(chats)}.")
    ids = " ".join(chat.id[:8] for chat in chats)
    app.console.narrate(f"It can be undone: pocketllm chats unarchive {ids}")


def unarchive(ctx: typer.Context, chat_ids: ChatArguments) -> None:
    """Take chats out of the archive; `last` is the one of it that was used last."""
    app = app_of(ctx)
    chats = _move(app, chat_ids, is_archived=False)
    app.console.emit(chats, lambda chats, page: f"Took {_names(chats)} out of the archive.")


def _move(app: App, references: list[str], *, is_archived: bool) -> list[Chat]:
    """Put chats into the archive or out of it and return them in the order they were named."""

    async def work(api: Api) -> list[Chat]:
        ids = [await _find(api, reference, is_archived=is_archived) for reference in references]
        ids = list(dict.fromkeys(ids))
        moved = {chat.id: chat for chat in await api.chats.archive(ids, is_archived=is_archived)}
        return [moved[chat_id] for chat_id in ids if chat_id in moved]

    return app.run(work)


async def _find(api: Api, reference: str, *, is_archived: bool) -> str:
    if is_archived or reference != LAST:
        return (await api.chats.find(reference)).id
    newest = await api.chats.newest(1, is_archived=True)
    if not newest:
        raise ChatNotFound("The archive is empty.", hint="Run `pocketllm chats list`.")
    return newest[0].id


def _names(chats: list[Chat]) -> str:
    return ", ".join(f"“{clean_line(chat.title)}”" for chat in chats)
