"""Without a connection: what was read stays, what is written waits and is sent once."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from pocketllm_cli.errors import BackendUnreachable
from pocketllm_cli.models import Chat, Context
from pocketllm_cli.tui.live import Change, ChatChanged, ConnectionBack, ConnectionGone
from tests.pocketllm_cli.fake_backend import FakeBackend, serve
from tests.pocketllm_cli.tui.harness import NOW, Shown, shown_app


class Told:
    """Changes that a test tells."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Change] = asyncio.Queue()

    async def listen(self) -> AsyncGenerator[Change, None]:
        while True:
            yield await self.queue.get()


def last_status(shown: Shown) -> str:
    return shown.screen.conversation.views[-1].turn.message.status


async def test_a_prompt_written_offline_waits_on_disk_and_is_asked_once_when_the_backend_is_back(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    port, told = int(fake.url.rpartition(":")[2]), Told()
    fake.headers["connection"] = "close"  # none is left over that would still be served
    async with shown_app(context, folder, changes=told) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        fake.stop()
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts == ["Where?"] and last_status(shown) == "waiting")
        assert shown.screen.status.connection.startswith("offline")
        kept = next((folder / "state" / "terminal").glob("outbox.json"))
        assert "Where?" in kept.read_text()
        assert kept.stat().st_mode & 0o777 == 0o600

        serve(fake, port)
        told.queue.put_nowait(ConnectionBack())
        await shown.until(lambda: "Paris it is." in shown.texts)
        await shown.until(lambda: shown.screen.status.connection == "online")
        assert not shown.screen.parts.files.outbox()

    assert [row["role"] for row in fake.tables["messages"]] == ["user", "assistant"]


async def test_what_was_read_stays_readable_and_the_status_line_says_offline(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Trip")
    fake.add_message(chat["id"], "user", "Old question")
    told = Told()
    async with shown_app(context, folder, changes=told, chat="last") as shown:
        await shown.until(lambda: shown.texts == ["Old question"])
        told.queue.put_nowait(ConnectionGone(BackendUnreachable()))
        await shown.until(lambda: shown.screen.status.connection.startswith("offline"))
        assert shown.texts == ["Old question"]
        told.queue.put_nowait(ConnectionBack())
        await shown.until(lambda: shown.screen.status.connection == "online")


async def test_a_backend_that_is_not_there_is_told_with_what_helps(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.stop()
    async with shown_app(context, folder) as shown:
        notice = shown.screen.query_one("#notice")
        await shown.until(lambda: "reach" in str(notice.render()))


async def test_an_answer_that_another_machine_asked_for_is_read_along(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    told = Told()
    async with shown_app(context, folder, changes=told) as shown:
        chat = fake.add_chat("From elsewhere")
        fake.add_message(chat["id"], "user", "Where?")
        fake.add_message(chat["id"], "assistant", "Paris it is.", status="streaming", model="m")
        chat["updated_at"] = NOW.isoformat()
        told.queue.put_nowait(ChatChanged(Chat.from_row(chat)))
        options = shown.screen.chat_list.options
        await shown.until(lambda: any(option.id == chat["id"] for option in options.options))
        await shown.pilot.press("ctrl+s", "enter", "enter")
        await shown.until(lambda: shown.texts == ["Where?", "Paris it is."])

    assert fake.offsets == ["0"]


async def test_a_chat_that_was_deleted_while_nothing_was_heard_leaves_the_list(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    told = Told()
    for title in ("Stays", "Goes"):
        fake.add_chat(title)
    async with shown_app(context, folder, changes=told) as shown:
        await shown.see("Stays", "Goes")
        del fake.tables["chats"][1]
        told.queue.put_nowait(ConnectionBack())
        await shown.until(lambda: "Goes" not in shown.page)
        assert "Stays" in shown.page
