"""Long chats: few widgets, pages read when one scrolls to them; and what is kept of a chat."""

from dataclasses import replace
from pathlib import Path

from pocketllm_cli.api.answer_events import Delta, Done, Failed, Reasoning, Started
from pocketllm_cli.api.shown_branch import BranchPage
from pocketllm_cli.models import Chat, Context, Message, Turn
from pocketllm_cli.tui.live import ChatChanged, ChatGone, differences
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.prompts import Prompt
from pocketllm_cli.tui.window import FIRST_COUNT, MOST, Window
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app

NOW = "2026-01-02T12:00:00+00:00"


def turn(name: str, role: str = "user", parent: str | None = None, content: str = "") -> Turn:
    message = Message(name, "chat", role, content or name, None, NOW)
    return Turn(message, parent, version=1, versions=1, is_shown=True)


def page(*names: str, older: str | None = None) -> BranchPage:
    return BranchPage(tuple(turn(name) for name in names), older)


def opened(*names: str) -> OpenedChat:
    chat = OpenedChat(Chat("chat", "Title", None, NOW, NOW))
    chat.take_page(page(*names))
    return chat


def ids(chat: OpenedChat) -> list[str]:
    return [turn.message.id for turn in chat.shown(NOW)]


async def test_a_long_chat_is_few_widgets_and_all_of_it_is_seen_by_scrolling_up_and_paging_down(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Long")
    for number in range(40):
        role = "assistant" if number % 2 else "user"
        fake.add_message(chat["id"], role, f"Message {number}.\n\nwith lines\n\nbelow it")
    seen: set[int] = set()
    async with shown_app(context, folder, chat="last") as shown:
        conversation = shown.screen.conversation
        await shown.until(lambda: shown.texts and shown.texts[-1].startswith("Message 39."))
        assert len(shown.screen.current.stored) < 40
        await shown.pilot.press("ctrl+up")
        for _ in range(200):
            if shown.texts[0].startswith("Message 0.") and conversation.scroll_y == 0:
                break
            await shown.pilot.press("u")
            assert len(conversation.views) <= MOST
        assert shown.texts[0].startswith("Message 0.")
        for _ in range(200):
            seen |= {number for number in range(40) if f"Message {number}." in shown.page}
            if 39 in seen:
                break
            await shown.pilot.press("pagedown")
            assert len(conversation.views) <= MOST
        await shown.pilot.press("G")
        await shown.until(lambda: shown.texts[-1].startswith("Message 39."))
    assert seen == set(range(40))


async def test_a_branch_that_begins_far_back_is_read_in_few_requests(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Forked far back")
    first = fake.add_message(chat["id"], "user", "First")
    for number in range(100):
        fake.add_message(chat["id"], "user", f"Other branch {number}")
    fake.add_message(chat["id"], "assistant", "Another answer", under=first["id"])
    async with shown_app(context, folder, chat="last") as shown:
        await shown.until(lambda: shown.texts == ["First", "Another answer"])

    assert fake.seen["GET /rest/v1/messages"] < 10


def test_the_window_stays_at_the_end_and_never_holds_more_than_its_bound() -> None:
    window = Window()
    window.reset(100)
    assert (window.first, window.end) == (100 - FIRST_COUNT, 100)
    window.resize(101, 0)
    assert window.end == 101
    while window.move_up():
        assert window.end - window.first <= MOST
    window.resize(150, 49)
    assert window.first == 49
    assert window.move_up()
    while window.move_down():
        assert window.end - window.first <= MOST
    assert window.end == 150


def test_a_page_that_comes_again_keeps_what_leads_to_it() -> None:
    chat = opened("c", "d")
    chat.take_older(page("a", "b"))
    chat.take_page(page("c", "d", "e"))
    assert ids(chat) == ["a", "b", "c", "d", "e"]
    chat.take_page(page("f", "g", older="b"))
    assert ids(chat) == ["a", "b", "f", "g"]
    chat.take_page(page("x", older="y"))
    assert ids(chat) == ["x"]
    assert chat.older_id == "y"


def test_an_answer_grows_from_its_events_and_stays_when_it_ends() -> None:
    chat = opened("a")
    chat.begin(Prompt("q", "chat", "Why?"), NOW)
    assert ids(chat) == ["a", "q", "answer-to-q"]
    for event in (Started("q", "r", "m"), Reasoning("Hm."), Delta("Be"), Delta("cause")):
        chat.take(event)
    assert chat.running is not None
    assert chat.running.thoughts == "Hm."
    assert chat.shown(NOW)[-1].message.content == "Because"
    chat.take(Done(Message("r", "chat", "assistant", "Because.", {"status": "complete"}, NOW)))
    chat.end(NOW)
    assert ids(chat) == ["a", "q", "r"]


def test_an_answer_that_fails_says_why() -> None:
    chat = opened()
    chat.begin(Prompt("q", "chat", "Why?"), NOW)
    chat.take(Started("q", "r", "m"))
    chat.take(Failed("provider_busy", "Busy.", "r"))
    last = chat.shown(NOW)[-1].message
    assert last.status == "failed"
    assert last.metadata is not None
    assert last.metadata["error"]["message"] == "Busy."


def test_what_waits_is_shown_last_and_asked_in_its_order() -> None:
    chat = opened("a")
    chat.begin(Prompt("q", "chat", "1"), NOW)
    chat.wait(Prompt("r", "chat", "2"), "queued")
    chat.wait(Prompt("s", "chat", "3"), "queued")
    assert ids(chat) == ["a", "q", "answer-to-q", "r", "s"]
    assert chat.next_waiting() is None
    chat.end(NOW)
    following = chat.next_waiting()
    assert following is not None
    assert following.message_id == "r"


def test_looks_at_the_chats_tell_what_is_new_changed_and_gone() -> None:
    old = {name: Chat(name, name, None, NOW, NOW) for name in ("a", "b", "c")}
    new = {name: old[name] for name in ("a", "b")}
    new["b"] = Chat("b", "renamed", None, NOW, NOW)
    new["d"] = Chat("d", "d", None, NOW, NOW)
    found = differences(old, new)
    assert found == [ChatChanged(new["b"]), ChatChanged(new["d"]), ChatGone("c")]


async def test_stored_thoughts_are_folded_until_one_key_unfolds_them(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    row = fake.add_chat("Capitals")
    fake.add_message(row["id"], "user", "France?")
    fake.add_message(row["id"], "assistant", "Paris.", reasoning="First line\nSecond line")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.see("▸ Thoughts: First line Second line")
        await shown.pilot.press("ctrl+up", "t")
        await shown.see("▾ Thoughts", "Second line")
        assert "First line Second" not in shown.page
        await shown.pilot.press("t")
        await shown.see("▸ Thoughts: First line Second line")


def test_a_message_deleted_elsewhere_goes_from_what_is_loaded_wherever_it_stands() -> None:
    chat = opened("a", "b", "c")
    chat.older_id = "before"

    assert chat.forget({"b", "other"})
    assert ids(chat) == ["a", "c"]
    assert not chat.forget({"other"})
    assert chat.forget({"before"})
    assert ids(chat) == []
    assert chat.older_id is None


def test_a_version_that_is_not_shown_counts_as_well() -> None:
    chat = opened("a")
    chat.stored = [replace(chat.stored[0], versions=2)]

    assert chat.forget({"another version"})
    assert ids(chat) == ["a"]
