"""`pocketllm chats delete` and `pocketllm chats restore`."""

from contextlib import suppress
from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands.suggestions import chat_names, suggest_chats
from pocketllm_cli.errors import PocketLLMError, UsageProblem
from pocketllm_cli.models import Chat, DeletedChat
from pocketllm_cli.sanitize import clean_line

_NOTHING: Final = "No deleted chats. What you delete can be restored for 30 days."


def delete(
    ctx: typer.Context,
    chat_ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...",
            help="Ids, their beginnings, or `last`.",
            autocompletion=suggest_chats,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    forever: Annotated[
        bool, typer.Option("--forever", help="Keep no copy to restore them from, and no files.")
    ] = False,
) -> None:
    """Delete chats with all their messages; `chats restore` brings them back for 30 days."""
    app = app_of(ctx)

    async def find_all(api: Api) -> list[Chat]:
        found = [await api.chats.find(chat_id) for chat_id in chat_ids]
        return list({chat.id: chat for chat in found}.values())

    async def delete_all(api: Api) -> None:
        from pocketllm_cli.api.chat_folders import erase_chat, remove_left_over

        if not forever:
            await api.chats.delete([chat.id for chat in doomed])
        for chat in doomed if forever else ():
            await erase_chat(api, chat.id)
        with suppress(PocketLLMError):  # what is left over is found the next time
            await remove_left_over(api)

    if not yes and not app.console.can_ask:
        raise UsageProblem("Deleting chats needs a confirmation.", hint="Confirm with `--yes`.")
    doomed = app.run(find_all)
    names = _names(doomed)
    question = f"Delete {names} for good?" if forever else f"Delete {names}?"
    if not app.console.confirm(question, yes=yes):
        app.console.say("Nothing was deleted.")
        return
    app.run(delete_all)
    app.remembered.drop("chats", *(value for value, _ in chat_names(doomed)))
    app.console.emit(doomed, lambda doomed, page: f"Deleted {names}.")
    if not forever:
        ids = " ".join(chat.id[:8] for chat in doomed)
        app.console.narrate(f"Within 30 days it can be undone: pocketllm chats restore {ids}")


def restore(
    ctx: typer.Context,
    chat_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Ids, their beginnings, or `last`."),
    ] = None,
) -> None:
    """Bring deleted chats back as they were; without an id, list what can be restored."""
    app = app_of(ctx)
    if not chat_ids:
        app.console.emit(app.run(lambda api: api.deleted_chats.newest()), _list_as_text)
        return

    async def work(api: Api) -> list[Chat]:
        found = await api.deleted_chats.find_all(chat_ids)
        return await api.deleted_chats.restore([chat.id for chat in found])

    app.console.emit(app.run(work), lambda chats, page: f"Restored {_names(chats)}.")


def _names(chats: list[Chat]) -> str:
    return ", ".join(f"“{clean_line(chat.title)}”" for chat in chats)


def _list_as_text(chats: list[DeletedChat], page: Page) -> str:
    if not chats:
        return _NOTHING
    rows = [
        (chat.id[:8], local_time(chat.deleted_at), str(chat.message_count), chat.title)
        for chat in chats
    ]
    return page.table(("ID", "DELETED", "MESSAGES", "TITLE"), rows, numbers=("MESSAGES",))
