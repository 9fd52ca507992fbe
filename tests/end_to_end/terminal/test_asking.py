"""Asking over the embedded backend: streamed, queued, stopped, made anew, edited, forked."""

from tests.end_to_end.terminal.conftest import Person
from tests.pocketllm_cli.tui.harness import Shown
from tests.support.upstream import Upstream

HALF, WHOLE = "first half, ", "first half, second half"


def statuses(shown: Shown) -> list[str]:
    return [view.turn.message.status for view in shown.screen.conversation.views]


def heading(shown: Shown, place: int) -> str:
    view = shown.screen.conversation.views[place]
    return str(view.query_one(".heading").render())


async def until_answered(shown: Shown, count: int) -> None:
    await shown.until(lambda: len(shown.texts) == count and shown.screen.current.running is None)
    await shown.until(lambda: shown.screen.current.stored[-1].parent_id is not None)


async def test_an_answer_is_shown_while_it_is_written_the_next_prompt_waits_and_escape_stops(
    person: Person, upstream: Upstream
) -> None:
    person.user.add_config(model="waits", base_url=upstream.base_url, is_default=True)
    async with person.app() as shown:
        await shown.pilot.press("W", "h", "o", "question_mark", "enter")  # all at once
        await shown.until(lambda: shown.texts == ["Who?", HALF])
        assert statuses(shown) == ["complete", "streaming"]
        await shown.ask("And then?")
        await shown.until(lambda: shown.texts[-1:] == ["And then?"])
        assert statuses(shown)[-1] == "queued"

        upstream.release.set()
        await shown.until(lambda: shown.texts == ["Who?", WHOLE, "And then?", WHOLE])
        await until_answered(shown, 4)
        assert not shown.screen.parts.files.outbox()

        upstream.release.clear()
        await shown.ask("And last?")
        await shown.until(lambda: shown.texts[-1:] == [HALF])
        await shown.pilot.press("escape")
        await shown.until(lambda: shown.screen.current.running is None)
        await shown.until(lambda: "stopped" in heading(shown, -1))

    asked = [request["messages"][-1]["content"] for request in upstream.requests]
    assert asked == ["Who?", "And then?", "And last?"]
    assert person.rows("chats", "title") == [{"title": "Who?"}]
    newest = person.rows("messages", "content,metadata")[-1]
    assert (newest["content"], newest["metadata"]["status"]) == (HALF, "cancelled")


async def test_an_answer_is_made_anew_a_question_is_edited_and_a_chat_is_forked(
    person: Person, upstream: Upstream
) -> None:
    person.user.add_config(model="any", base_url=upstream.base_url, is_default=True)
    first, second = "word0 word1 word2 ", "word0 "
    async with person.app() as shown:
        await shown.ask("Where?")
        await until_answered(shown, 2)
        upstream.words = 1
        await shown.pilot.press("ctrl+up", "r")
        await shown.until(lambda: shown.texts == ["Where?", second])
        await shown.until(lambda: "2/2" in heading(shown, 1))
        await shown.pilot.press("left_square_bracket")
        await shown.until(lambda: shown.texts == ["Where?", first])
        assert "1/2" in heading(shown, 1)

        await shown.pilot.press("k", "e")
        await shown.until(lambda: shown.screen.composer.text == "Where?")
        await shown.ask("When?")
        await shown.until(lambda: shown.texts == ["When?", second])
        await shown.until(lambda: "2/2" in heading(shown, 0))
        await until_answered(shown, 2)

        original = shown.screen.current
        await shown.pilot.press("ctrl+up", "G", "f")
        await shown.until(lambda: shown.screen.current is not original)
        await until_answered(shown, 2)
        assert shown.texts == ["When?", second]
    assert len(person.rows("chats", "id")) == 2


async def test_another_chat_is_read_while_one_is_answered(
    person: Person, upstream: Upstream
) -> None:
    config = person.user.add_config(model="waits", base_url=upstream.base_url, is_default=True)
    chat = person.user.add_chat(config)
    question = {"chat_id": chat, "role": "user", "content": "Old question"}
    person.user.call("POST", "/rest/v1/messages", question)
    async with person.app() as shown:
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts == ["Where?", HALF])
        await shown.see("… Where?")
        await shown.pilot.press("ctrl+s", "down", "down", "enter")
        await shown.until(lambda: shown.texts == ["Old question"])
        upstream.release.set()
        asked = next(each for each in shown.screen.opened.values() if each.chat.title == "Where?")
        await shown.until(lambda: asked.running is None)
        assert shown.texts == ["Old question"]
        assert asked.shown("")[-1].message.content == WHOLE
