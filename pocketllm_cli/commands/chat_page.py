"""`pocketllm chats show`: a chat as a page of turns."""

from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import local_time
from pocketllm_cli.commands.answering import sources_as_text
from pocketllm_cli.commands.suggestions import suggest_chats
from pocketllm_cli.models import ChatWithTurns, Turn
from pocketllm_cli.sanitize import clean_line, clean_text

_WHO: Final = {"user": "You", "assistant": "Answer", "system": "System prompt"}

_THOUGHTS: Final = "▸ Thoughts: "
_LEAST_THOUGHTS: Final = 20

ChatArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="An id, the beginning of one, or `last`.",
        autocompletion=suggest_chats,
    ),
]


def show(
    ctx: typer.Context,
    chat_id: ChatArgument,
    show_all: Annotated[
        bool, typer.Option("--all", help="Every version of every turn, not only those shown.")
    ] = False,
    reasoning: Annotated[
        bool, typer.Option("--reasoning", help="What the model thought, whole rather than its end.")
    ] = False,
) -> None:
    """Show a chat: the turns up to its newest one, each in the version that is chosen."""

    async def work(api: Api) -> ChatWithTurns:
        return await api.messages.read(await api.chats.find(chat_id))

    app = app_of(ctx)
    chat = app.run(work)
    turns = list(chat.turns) if show_all else chat.branch
    record = chat_record(chat, turns, with_place=show_all)
    app.console.emit(
        record,
        lambda record, page: _as_text(chat, turns, None if reasoning else page.width or 0),
    )


def chat_record(chat: ChatWithTurns, turns: list[Turn], *, with_place: bool) -> dict[str, Any]:
    """Return the chat and these turns as JSON has them.

    Args:
        with_place: Add to each message its place in the tree.
    """
    messages = []
    for turn in turns:
        message = asdict(turn.message)
        if with_place:
            place = asdict(turn)
            del place["message"]
            message |= place
        messages.append(message)
    return {**asdict(chat.chat), "messages": messages}


def version_of(turn: Turn) -> str:
    """Return which version a turn is, as it is written everywhere."""
    return f"{turn.version}/{turn.versions}"


def _as_text(chat: ChatWithTurns, turns: list[Turn], room: int | None) -> str:
    """Return the page.

    Args:
        room: How wide the line is that what a model thought is folded to; None unfolds it, 0
            leaves it out.
    """
    about = chat.chat
    heading = f"{clean_line(about.title)}\n{about.id}  {local_time(about.updated_at)}"
    return "\n\n".join([heading, *(_turn_as_text(turn, room) for turn in turns)])


def _turn_as_text(turn: Turn, room: int | None) -> str:
    message = turn.message
    who = _WHO.get(message.role, clean_line(message.role))
    notes = [message.id[:8], local_time(message.created_at)]
    if model := (message.metadata or {}).get("model"):
        notes.append(clean_line(str(model)))
    if message.status not in {"complete", "None"}:
        notes.append(clean_line(message.status))
    if turn.versions > 1:
        notes.append(f"version {version_of(turn)}")
    if not turn.is_shown:
        notes.append("not shown")
    parts = [f"── {who} ({', '.join(notes)})", thoughts_as_text(message.reasoning, room)]
    text = "\n".join([*filter(None, parts), clean_text(message.content).strip()])
    sources = sources_as_text(message.sources)
    return f"{text}\n\n{sources}" if sources else text


def thoughts_as_text(thoughts: str, room: int | None) -> str:
    """Return what a model thought, marked at each line, or its end on one line."""
    if not thoughts or room == 0:
        return ""
    if room is None:
        return "\n".join(f"│ {line}" for line in clean_text(thoughts).strip().split("\n")) + "\n"
    text = clean_line(thoughts)
    most = max(_LEAST_THOUGHTS, room - len(_THOUGHTS) - 1)
    return f"{_THOUGHTS}{text if len(text) <= most else f'…{text[-most:]}'}"
