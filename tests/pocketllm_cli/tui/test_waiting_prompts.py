"""Keys on a prompt that waits: for the answer before it, or for the backend."""

from pathlib import Path
from threading import Event

import pytest

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app


async def ask_two(shown: Shown) -> None:
    """Ask while an answer runs, and choose the prompt that waits."""
    await shown.ask("First?")
    await shown.until(lambda: shown.screen.current.running and len(shown.texts) == 2)
    await shown.ask("Second?")
    await shown.until(lambda: shown.texts[-1:] == ["Second?"])
    await shown.pilot.press("ctrl+up")


@pytest.mark.parametrize("key", ["left_square_bracket", "right_square_bracket", "f"])
async def test_what_needs_the_backend_says_that_a_prompt_was_not_sent_yet(
    fake: FakeBackend, held: Event, context: Context, folder: Path, key: str
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_two(shown)
        await shown.pilot.press(key)
        await shown.until(lambda: "This has not been sent yet." in shown.notices)
        held.set()
        await shown.until(lambda: len(shown.texts) == 4 and shown.screen.current.running is None)

    assert [row["content"] for row in fake.tables["messages"][::2]] == ["First?", "Second?"]


async def test_a_prompt_that_waits_is_taken_back_and_not_sent(
    fake: FakeBackend, held: Event, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_two(shown)
        await shown.pilot.press("e")
        await shown.until(lambda: shown.screen.composer.text == "Second?")
        assert "Second?" not in shown.texts
        assert not shown.screen.parts.files.outbox()
        held.set()
        await shown.until(lambda: shown.screen.current.running is None)
        assert shown.screen.composer.text == "Second?"

    assert [row["role"] for row in fake.tables["messages"]] == ["user", "assistant"]


async def test_nothing_that_is_being_written_is_lost_to_a_prompt_that_is_taken_back(
    fake: FakeBackend, held: Event, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_two(shown)
        shown.screen.composer.put("Half a thought")
        await shown.pilot.press("e")
        await shown.until(lambda: "Send or clear what you are writing first." in shown.notices)
        assert shown.screen.composer.text == "Half a thought"
        assert shown.texts[-1] == "Second?"


async def test_the_chat_of_a_prompt_that_is_taken_back_is_made_by_the_next_one(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.headers["connection"] = "close"
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        fake.stop()
        for text in ("First?", "Second?"):
            await shown.ask(text)
            await shown.until(
                lambda: shown.screen.conversation.views[-1].turn.message.status == "waiting"
            )
        await shown.pilot.press("ctrl+up", "k", "e")
        await shown.until(lambda: shown.screen.composer.text == "First?")
        assert shown.texts == ["Second?"]
        [kept] = shown.screen.parts.files.outbox()
        assert (kept.text, kept.new_title) == ("Second?", "First?")


async def test_a_version_of_a_message_that_is_gone_is_passed_over(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Trip")
    fake.add_message(chat["id"], "user", "Stays")
    fake.add_message(chat["id"], "assistant", "Goes")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.until(lambda: shown.texts == ["Stays", "Goes"])
        fake.tables["messages"][1:] = []
        chat["current_message_id"] = fake.tables["messages"][0]["id"]
        fake.add_message(chat["id"], "assistant", "Came instead")
        await shown.pilot.press("ctrl+up", "left_square_bracket")
        await shown.until(lambda: shown.texts == ["Stays", "Came instead"])
