"""Changes as the backend's real-time service tells them; while it cannot be reached, by looking.

What people are told of the connection comes from ordinary requests alone: a network that lets no
WebSocket through is no reason to say that the backend is away.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from pocketllm_cli.api.changes import Change as RowChange
from pocketllm_cli.api.changes import Changes as Rows
from pocketllm_cli.api.changes import Disconnected, Reconnected
from pocketllm_cli.api.chats import Chats
from pocketllm_cli.api.live_channel import Watch
from pocketllm_cli.errors import ChatNotFound, PocketLLMError
from pocketllm_cli.models import Chat
from pocketllm_cli.tui.live import (
    Change,
    Changes,
    ChatChanged,
    ChatGone,
    ConnectionBack,
    ConnectionGone,
    JobGone,
    JobTouched,
    Looked,
    MessagesGone,
)

_WATCHES: Final = (
    Watch("chats"),
    Watch("messages", event="INSERT"),
    Watch("messages", event="UPDATE"),
    Watch("messages", event="DELETE"),
    Watch("jobs"),
)
_PATIENCE_SECONDS: Final = 1.0
_BURST_SECONDS: Final = 0.03
_STREAMING: Final = "streaming"

Heard = RowChange | Change | None
"""None is the last of all: the task that listens has ended."""


@dataclass(frozen=True, slots=True)
class HeardChanges:
    """Hears of changes as they happen.

    Args:
        otherwise: Where changes come from while nothing can be heard.
        patience_seconds: How long silence lasts before `otherwise` is asked.
    """

    rows: Rows
    chats: Chats
    otherwise: Changes
    patience_seconds: float = _PATIENCE_SECONDS

    async def listen(self) -> AsyncGenerator[Change, None]:
        """Yield changes without end, those of one moment together and each chat once."""
        told: asyncio.Queue[Heard] = asyncio.Queue()
        hearing = asyncio.create_task(self._hear(told))
        hearing.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while True:
                burst = [await told.get()]
                await asyncio.sleep(_BURST_SECONDS)
                while not told.empty():
                    burst.append(told.get_nowait())
                if None in burst:
                    await hearing  # it never returns, so this raises what it failed with
                for change in await self._in_short(burst):
                    yield change
        finally:
            await _end(hearing)

    async def _hear(self, told: asyncio.Queue[Heard]) -> None:
        """Put what is heard, and what is seen while nothing is; end by being cancelled alone."""
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._look(told))
            with suppress(PocketLLMError):  # whoever looks meets it too, and says so
                async with aclosing(self.rows.follow(_WATCHES)) as happened:
                    async for heard in happened:
                        match heard:
                            case Reconnected():
                                await _end(looking)
                                told.put_nowait(ConnectionBack())
                            case Disconnected():
                                looking = tasks.create_task(self._look(told))
                            case RowChange():
                                told.put_nowait(heard)
            if looking.done():
                looking = tasks.create_task(self._look(told))

    async def _look(self, told: asyncio.Queue[Heard]) -> None:
        await asyncio.sleep(self.patience_seconds)
        async for change in self.otherwise.listen():
            told.put_nowait(change)

    async def _in_short(self, burst: Sequence[Heard]) -> list[Change]:
        """Return what a burst comes to: the last word on each chat, in order."""
        last: dict[str, Change | None] = {}
        if gone := frozenset(filter(None, map(_deleted_message, burst))):
            last["messages"] = MessagesGone(gone)
        for heard in burst:
            key, change = _meaning(heard)
            if key is None or (change is None and isinstance(last.get(key), ChatChanged)):
                continue
            last.pop(key, None)
            last[key] = change
        for key, change in last.items():
            if change is None:
                last[key] = await self._read(key)
        return [change for change in last.values() if change is not None]

    async def _read(self, chat_id: str) -> Change | None:
        """Return how a chat is of which only a message was heard."""
        try:
            return ChatChanged(await self.chats.find(chat_id))
        except ChatNotFound:
            return ChatGone(chat_id)
        except PocketLLMError as error:
            return ConnectionGone(error)


def _meaning(heard: Heard) -> tuple[str | None, Change | None]:
    """Return whom a change is about, and what it says; None where the chat must be read."""
    match heard:
        case ConnectionGone() | ConnectionBack():
            return "connection", heard
        case Looked():
            return "look", heard
        case ChatChanged(chat):
            return chat.id, heard
        case ChatGone(chat_id):
            return chat_id, heard
        case RowChange(table="jobs"):
            return _job(heard)
        case RowChange(table="chats"):
            return _chat(heard)
        case RowChange(kind="DELETE"):
            return None, None  # told for all messages of a burst together
        case RowChange(kind="UPDATE", row={"metadata": {"status": status}}) if status == _STREAMING:
            return None, None  # what was written so far; whoever shows it reads along
        case RowChange(row=row):
            return row.get("chat_id"), None
    return None, None


def _chat(heard: RowChange) -> tuple[str | None, Change | None]:
    row = heard.row
    if heard.kind == "DELETE":
        return row.get("id"), ChatGone(str(row.get("id")))
    is_readable = all(row.get(name) for name in ("title", "created_at", "updated_at"))
    return row.get("id"), ChatChanged(Chat.from_row(row)) if is_readable else None


def _job(heard: RowChange) -> tuple[str, Change]:
    job_id = str(heard.row.get("id"))
    is_gone = heard.kind == "DELETE"
    return f"job {job_id}", JobGone(job_id) if is_gone else JobTouched(job_id)


def _deleted_message(heard: Heard) -> str | None:
    """Return the id of a message that was deleted."""
    match heard:
        case RowChange(table="messages", kind="DELETE", row={"id": str(message_id)}):
            return message_id
    return None


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
