"""Changes that are heard: told in short, and looked for while nothing can be heard."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from pocketllm_cli.api.changes import Change, Changes, Disconnected, Reconnected
from pocketllm_cli.api.chats import Chats
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.live_channel import Watch
from pocketllm_cli.errors import ChatNotFound, NotSignedIn
from pocketllm_cli.models import Chat, Context
from pocketllm_cli.tui.heard_changes import HeardChanges
from pocketllm_cli.tui.live import (
    ChatChanged,
    ChatGone,
    ConnectionBack,
    ConnectionGone,
    JobGone,
    JobTouched,
    MessagesGone,
    PolledChanges,
)
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app

NOW = "2026-01-02T12:00:00+00:00"


class Rows:
    """What the backend tells, or how it refuses to."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    async def follow(self, watches: Sequence[Watch]) -> AsyncGenerator[Any, None]:
        while True:
            item = await self.queue.get()
            if isinstance(item, Exception):
                raise item
            yield item

    def tell(self, *items: Any) -> None:
        for item in items:
            self.queue.put_nowait(item)


class Stored:
    """Chats that can be read."""

    async def find(self, reference: str) -> Chat:
        if reference == "gone":
            raise ChatNotFound
        return chat(reference, "read")


class Looking:
    """Says when it is asked."""

    is_asked = False

    async def listen(self) -> AsyncGenerator[Any, None]:
        self.is_asked = True
        try:
            yield ConnectionGone(NotSignedIn())
            await asyncio.Event().wait()
        finally:
            self.is_asked = False


def chat(name: str, title: str) -> Chat:
    return Chat(name, title, None, NOW, NOW)


def chat_row(name: str, title: str, kind: Any = "UPDATE") -> Change:
    row = {"id": name, "title": title, "created_at": NOW, "updated_at": NOW, "user_id": "u"}
    return Change("chats", kind, row)


def message_row(chat_id: str, status: str, kind: Any = "UPDATE") -> Change:
    return Change("messages", kind, {"chat_id": chat_id, "metadata": {"status": status}})


@asynccontextmanager
async def heard(
    rows: Rows, looking: Looking, patience_seconds: float = 3600
) -> AsyncIterator[AsyncGenerator[Any, None]]:
    changes = HeardChanges(
        cast("Changes", rows), cast("Chats", Stored()), looking, patience_seconds
    )
    async with aclosing(changes.listen()) as told:
        yield told


async def test_a_burst_comes_to_the_last_word_on_each_chat() -> None:
    rows = Rows()
    rows.tell(Reconnected(is_first=True))
    rows.tell(*(chat_row("a", f"title {number}") for number in range(20)))
    rows.tell(message_row("a", "streaming", "INSERT"))
    rows.tell(chat_row("b", "b"), Change("chats", "DELETE", {"id": "b"}))
    async with heard(rows, Looking()) as told:
        found = [await anext(told) for _ in range(3)]

    assert found == [ConnectionBack(), ChatChanged(chat("a", "title 19")), ChatGone("b")]


async def test_a_message_alone_lets_its_chat_be_read_and_one_that_is_written_on_does_not() -> None:
    rows = Rows()
    rows.tell(message_row("written on", "streaming"), message_row("ended", "complete"))
    rows.tell(message_row("gone", "complete"), Change("chats", "UPDATE", {"id": "too large"}))
    async with heard(rows, Looking()) as told:
        found = [await anext(told) for _ in range(3)]

    assert found == [
        ChatChanged(chat("ended", "read")),
        ChatGone("gone"),
        ChatChanged(chat("too large", "read")),
    ]


async def test_messages_that_are_deleted_at_once_are_told_at_once() -> None:
    rows = Rows()
    rows.tell(*(Change("messages", "DELETE", {"id": f"m{number}"}) for number in range(50)))
    async with heard(rows, Looking()) as told:
        assert await anext(told) == MessagesGone(frozenset(f"m{number}" for number in range(50)))


async def test_of_a_job_it_is_told_that_it_changed_whatever_was_sent_along() -> None:
    rows = Rows()
    rows.tell(Change("jobs", "INSERT", {"id": "a"}), Change("jobs", "UPDATE", {"id": "a"}))
    rows.tell(Change("jobs", "UPDATE", {"id": "b"}), Change("jobs", "DELETE", {"id": "b"}))
    async with heard(rows, Looking()) as told:
        assert [await anext(told) for _ in range(2)] == [JobTouched("a"), JobGone("b")]


async def test_nobody_looks_while_changes_are_heard_and_somebody_does_in_between() -> None:
    rows, looking = Rows(), Looking()
    async with heard(rows, looking, patience_seconds=0) as told:
        assert isinstance(await anext(told), ConnectionGone)
        assert looking.is_asked
        rows.tell(Reconnected(is_first=True))
        assert await anext(told) == ConnectionBack()
        assert not looking.is_asked
        rows.tell(Disconnected())
        assert isinstance(await anext(told), ConnectionGone)
        assert looking.is_asked
        rows.tell(Reconnected(is_first=False))
        assert await anext(told) == ConnectionBack()
        rows.tell(NotSignedIn())
        assert isinstance(await anext(told), ConnectionGone)
    assert not looking.is_asked


async def test_what_nobody_foresaw_is_raised_and_not_waited_for() -> None:
    rows = Rows()
    rows.tell(RuntimeError("unforeseen"))
    async with heard(rows, Looking()) as told:
        with pytest.raises(ExceptionGroup, match="unhandled errors"):
            await anext(told)


async def test_where_nothing_can_be_heard_a_new_chat_appears_all_the_same(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    def changes(api: Api) -> HeardChanges:
        return HeardChanges(api.changes, api.chats, PolledChanges(api.chats, 0.05), 0)

    async with shown_app(context, folder, changes=changes) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        fake.add_chat("Begun elsewhere")
        await shown.see("Begun elsewhere")


async def test_where_nothing_can_be_heard_a_message_that_was_deleted_goes_all_the_same(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Museums")
    first = fake.add_message(chat["id"], "user", "Which?")
    second = fake.add_message(chat["id"], "assistant", "Fram")

    def changes(api: Api) -> PolledChanges:
        return PolledChanges(api.chats, 0.05)

    async with shown_app(context, folder, changes=changes, chat="last") as shown:
        await shown.until(lambda: shown.texts == ["Which?", "Fram"])
        second["parent_id"] = None
        fake.tables["messages"].remove(first)
        await shown.until(lambda: shown.texts == ["Fram"])
