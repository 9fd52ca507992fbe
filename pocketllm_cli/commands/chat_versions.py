"""`pocketllm chats fork`, `versions` and `use-version`: the tree behind a chat."""

from typing import Annotated

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.chat_page import ChatArgument, chat_record, version_of
from pocketllm_cli.models import Chat, ChatWithTurns, Turn
from pocketllm_cli.sanitize import clean_line

_NO_VERSIONS = (
    "Every turn of this chat has one version. Make another: pocketllm ask --regenerate --chat {}"
)


def fork(
    ctx: typer.Context,
    chat_id: ChatArgument,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="MESSAGE", help="The last message to copy; else all that is shown."
        ),
    ] = None,
) -> None:
    """Copy a chat into a new one, up to a message, to go on differently."""

    async def work(api: Api) -> Chat:
        chat = await api.chats.find(chat_id)
        message = await api.messages.find(chat.id, at) if at else None
        return await api.chats.fork(chat, message.id if message else None)

    app = app_of(ctx)
    app.console.emit(app.run(work), _forked_as_text)


def versions(ctx: typer.Context, chat_id: ChatArgument) -> None:
    """List the turns that have several versions; a star marks the ones that are shown."""

    async def work(api: Api) -> ChatWithTurns:
        return await api.messages.read(await api.chats.find(chat_id))

    app = app_of(ctx)
    chat = app.run(work)
    order = {turn.message.id: place for place, turn in enumerate(chat.turns)}
    turns = [turn for turn in chat.turns if turn.versions > 1]
    turns.sort(key=lambda turn: (order.get(turn.parent_id or "", -1), turn.version))
    record = chat_record(chat, turns, with_place=True)["messages"]
    app.console.emit(record, lambda record, page: _versions_as_text(chat.chat, turns, page))


def use_version(
    ctx: typer.Context,
    message_id: Annotated[
        str,
        typer.Argument(
            metavar="MESSAGE", help="A message's id, or its beginning, from `chats versions`."
        ),
    ],
    chat: Annotated[
        str | None, typer.Option("--chat", metavar="ID", help="The chat, if not the last one.")
    ] = None,
) -> None:
    """Show another version of a turn, and what followed it."""

    async def work(api: Api) -> tuple[ChatWithTurns, Turn]:
        message = await api.messages.find(chat, message_id)
        await api.messages.show_version(message.id)
        found = await api.messages.read(await api.chats.find(message.chat_id))
        return found, next(turn for turn in found.turns if turn.message.id == message.id)

    app = app_of(ctx)
    found, chosen = app.run(work)
    record = chat_record(found, found.branch, with_place=False)
    text = f"“{clean_line(found.chat.title)}” shows version {version_of(chosen)} now."
    app.console.emit(record, lambda record, page: text)


def _forked_as_text(chat: Chat, page: Page) -> str:
    go_on = f"Go on: pocketllm ask --chat {chat.id[:8]} ..."
    return f"Made {chat.id} “{clean_line(chat.title)}”. {go_on}"


def _versions_as_text(chat: Chat, turns: list[Turn], page: Page) -> str:
    if not turns:
        return _NO_VERSIONS.format(chat.id[:8])
    rows = [
        (
            "*" if turn.is_shown else " ",
            turn.message.id[:8],
            turn.message.role,
            version_of(turn),
            turn.message.content[:200],
        )
        for turn in turns
    ]
    return page.table((" ", "MESSAGE", "ROLE", "VERSION", "TEXT"), rows)
