"""`pocketllm chats follow`: an answer that is being written, from any machine."""

from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import app_of
from pocketllm_cli.commands.answering import AnswerShow, Look
from pocketllm_cli.commands.chat_page import ChatArgument

_FAREWELL: Final = "The answer goes on and is kept; read it with `pocketllm chats show last`."


def follow(
    ctx: typer.Context,
    chat_id: ChatArgument,
    raw: Annotated[bool, typer.Option("--raw", help="No markdown rendering.")] = False,
    events: Annotated[
        bool, typer.Option("--events", help="One JSON object a line, as it happens.")
    ] = False,
) -> None:
    """Take up the answer that is being written in a chat, from its beginning to its end.

    Ctrl-C ends the reading, not the answer.
    """
    app = app_of(ctx)
    show = AnswerShow(app, Look(events=events, raw=raw))

    async def work(api: Api) -> None:
        chat = await api.chats.find(chat_id)
        answer = api.answers.follow(await api.messages.streaming_answer_id(chat))
        app.invocation.farewell = _FAREWELL
        await show.run(answer.events())

    with show.printer:
        app.run(work)
    show.conclude()
