"""Asking in the terminal app: sent, streamed, queued, stopped, made anew, edited."""

import threading
from pathlib import Path

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app


def statuses(shown: Shown) -> list[str]:
    return [view.turn.message.status for view in shown.screen.conversation.views]


def heading(shown: Shown, place: int) -> str:
    view = shown.screen.conversation.views[place]
    return str(view.query_one(".heading").render())


async def ask_and_wait(shown: Shown, text: str, count: int) -> None:
    await shown.ask(text)
    await shown.until(lambda: len(shown.texts) == count and shown.screen.current.running is None)
    await shown.until(lambda: shown.screen.current.stored[-1].parent_id is not None)


async def test_what_is_typed_and_sent_at_once_is_asked_whole(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.pilot.press("W", "h", "o", "question_mark", "enter")
        await shown.until(lambda: "Paris it is." in shown.texts)
        assert shown.texts[0] == "Who?"

    assert fake.bodies[-1]["prompt"] == "Who?"
    assert fake.tables["chats"][0]["title"] == "Who?"


async def test_an_answer_is_shown_while_it_is_written(
    held: threading.Event, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts[-1:] == ["Paris"])
        assert statuses(shown) == ["complete", "streaming"]
        held.set()
        await shown.until(lambda: shown.texts[-1:] == ["Paris it is."])
        assert not shown.screen.parts.files.outbox()


async def test_a_prompt_written_meanwhile_is_asked_when_the_answer_is_there(
    held: threading.Event, fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.ask("First?")
        await shown.until(lambda: shown.texts[-1:] == ["Paris"])
        await shown.ask("Second?")
        await shown.until(lambda: shown.texts[-1:] == ["Second?"])
        assert statuses(shown)[-1] == "queued"
        held.set()
        await shown.until(lambda: len(shown.texts) == 4 and shown.screen.current.running is None)

    prompts = [body["prompt"] for body in fake.bodies if "prompt" in body]
    assert prompts == ["First?", "Second?"]


async def test_escape_stops_the_answer_and_keeps_what_there_is(
    held: threading.Event, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts[-1:] == ["Paris"])
        await shown.pilot.press("escape")
        await shown.until(lambda: shown.screen.current.running is None)

        assert statuses(shown)[-1] == "cancelled"
        assert "stopped" in heading(shown, -1)


async def test_an_answer_made_anew_is_a_version_and_the_brackets_go_between_them(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    def show_version(body: dict[str, str]) -> None:
        fake.tables["chats"][0]["current_message_id"] = body["message_id"]

    fake.results["show_version"] = show_version
    async with shown_app(context, folder) as shown:
        await ask_and_wait(shown, "Where?", 2)
        fake.pieces = ["Lyon."]
        await shown.pilot.press("ctrl+up", "r")
        await shown.until(lambda: shown.texts == ["Where?", "Lyon."])
        await shown.until(lambda: "2/2" in heading(shown, 1))
        await shown.pilot.press("left_square_bracket")
        await shown.until(lambda: shown.texts == ["Where?", "Paris it is."])

        assert "1/2" in heading(shown, 1)


async def test_an_edited_question_takes_the_place_of_the_old_one(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_and_wait(shown, "Where?", 2)
        await shown.pilot.press("ctrl+up", "k", "e")
        await shown.until(lambda: shown.screen.composer.text == "Where?")
        await shown.ask("When?")
        await shown.until(lambda: shown.texts[:1] == ["When?"] and len(shown.texts) == 2)
        await shown.until(lambda: "2/2" in heading(shown, 0))

    assert fake.bodies[-1]["edit"] == fake.tables["messages"][0]["id"]


async def test_a_prompt_that_is_refused_is_told_and_given_back(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    refusal = {"error": {"code": "provider_rejected_key", "message": "The key is wrong."}}
    fake.failing["/functions/v1/chat-request"] = (402, refusal)
    async with shown_app(context, folder) as shown:
        await shown.ask("Where?")
        await shown.until(lambda: shown.screen.composer.text == "Where?")

        assert not shown.texts
        assert any("The key is wrong." in note.message for note in shown.app._notifications)
        assert not shown.screen.parts.files.outbox()


async def test_another_chat_can_be_read_while_one_is_answered(
    held: threading.Event, fake: FakeBackend, context: Context, folder: Path
) -> None:
    other = fake.add_chat("Other")
    fake.add_message(other["id"], "user", "Old question")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.chat_list.options.option_count > 1)
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts[-1:] == ["Paris"])
        await shown.pilot.press("ctrl+s", *"Other", "enter", "enter")
        await shown.until(lambda: shown.texts == ["Old question"])
        held.set()
        first = next(each for each in shown.screen.opened.values() if each.chat.title == "Where?")
        await shown.until(lambda: first.running is None)
        assert shown.texts == ["Old question"]
        assert first.shown("")[-1].message.content == "Paris it is."
