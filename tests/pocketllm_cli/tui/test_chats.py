"""The list of chats and what is done with them."""

import json
from pathlib import Path

from pocketllm_cli.models import Chat, Context
from pocketllm_cli.tui.days import day_name, group_by_day
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import NOW, Shown, shown_app


def titles(shown: Shown) -> list[str]:
    options = shown.screen.chat_list.options.options
    return [str(option.prompt).strip(" •…↑") for option in options if not option.disabled]


def chat(title: str, used: str) -> Chat:
    return Chat(title, title, None, used, used)


def test_chats_stand_under_the_day_they_were_used_last() -> None:
    chats = [
        chat("a", "2026-01-02T08:00:00+00:00"),
        chat("b", "2026-01-01T23:59:00+00:00"),
        chat("c", "2025-12-29T00:00:00+00:00"),
        chat("d", "2025-12-03T00:00:00+00:00"),
        chat("e", "2025-12-02T00:00:00+00:00"),
    ]
    groups = [(heading, len(group)) for heading, group in group_by_day(chats, NOW)]
    assert groups == [("Today", 1), ("Yesterday", 1), ("This week", 1), ("December 2025", 2)]


def test_a_time_that_cannot_be_read_breaks_nothing() -> None:
    assert day_name("not a time", NOW) == "Some day"


async def test_more_chats_come_when_one_moves_to_the_last(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    for number in range(70):
        fake.add_chat(f"Chat {number:02}", used=f"2026-01-01T00:{number // 60:02}:{number % 60:02}")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: len(titles(shown)) == 60)
        await shown.pilot.press("ctrl+s", "enter", "end")
        await shown.until(lambda: len(titles(shown)) == 70)
        assert titles(shown)[0] == "Chat 69"
        assert titles(shown)[-1] == "Chat 00"


async def test_typing_in_the_search_field_narrows_the_list(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    for title in ("Trip to Oslo", "Taxes", "OSLO hotels"):
        fake.add_chat(title)
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: len(titles(shown)) == 3)
        await shown.pilot.press("ctrl+s", *"oslo")
        await shown.until(lambda: sorted(titles(shown)) == ["OSLO hotels", "Trip to Oslo"])


async def test_a_search_also_finds_what_was_said_in_chats_that_are_not_in_the_list(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    for number in range(61):
        fake.add_chat(f"Chat {number:02}", used=f"2026-01-01T00:00:{number % 60:02}.{number:02}")
    old = min(fake.tables["chats"], key=lambda row: row["updated_at"])
    fake.add_message(old["id"], "user", "My zebra is ill")
    hit = {"id": "f", "chat_id": old["id"], "message_id": "m", "title": old["title"]}
    hit |= {"role": "user", "snippet": "My \x02zebra\x03 is ill", "score": 1.0}
    fake.results["search_messages"] = [{**hit, "created_at": old["updated_at"]}]
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: len(titles(shown)) == 60)
        await shown.pilot.press("ctrl+s", *"zebra")
        await shown.until(lambda: len(titles(shown)) == 1)
        assert "My zebra is ill" in titles(shown)[0]
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.texts == ["My zebra is ill"])


async def test_a_chat_is_renamed_from_the_list(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_chat("Old")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: titles(shown) == ["Old"])
        await shown.pilot.press("ctrl+s", "enter", "r")
        await shown.until(lambda: len(shown.app.screen_stack) == 2)
        await shown.pilot.press("end", "!", "enter")
        await shown.until(lambda: titles(shown) == ["Old!"])

    assert fake.tables["chats"][0]["title"] == "Old!"


async def test_a_deleted_chat_is_brought_back_with_one_key(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_chat("Precious")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: titles(shown) == ["Precious"])
        await shown.pilot.press("ctrl+s", "enter", "x")
        await shown.until(lambda: not titles(shown))
        assert not fake.tables["chats"]
        await shown.pilot.press("ctrl+t")
        await shown.until(lambda: titles(shown) == ["Precious"])

    assert [row["title"] for row in fake.tables["chats"]] == ["Precious"]


async def test_what_is_being_written_is_kept_for_each_chat_and_over_a_restart(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_chat("Trip")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: titles(shown) == ["Trip"])
        shown.screen.composer.put("half a thought")
        await shown.pilot.press("ctrl+s", "enter", "enter")
        await shown.until(lambda: shown.screen.current.chat.title == "Trip")
        assert shown.screen.composer.text == ""
        await shown.pilot.press("ctrl+n")
        await shown.until(lambda: shown.screen.composer.text == "half a thought")
        await shown.pilot.press("ctrl+q")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.composer.text == "half a thought")

    kept = folder / "state" / "terminal" / "drafts.json"
    assert kept.stat().st_mode & 0o777 == 0o600


async def test_a_chat_is_exported_beside_what_is_there(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    row = fake.add_chat("Trip / Oslo")
    fake.add_message(row["id"], "user", "Where?")
    (folder / "Trip-Oslo.md").write_text("mine")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.until(lambda: shown.texts == ["Where?"])
        await shown.ask("/export")
        await shown.until(lambda: (folder / "Trip-Oslo-2.md").exists())
        await shown.ask("/export json")
        await shown.until(lambda: (folder / "Trip-Oslo.json").exists())

    assert (folder / "Trip-Oslo.md").read_text() == "mine"
    assert "## You\n\nWhere?" in (folder / "Trip-Oslo-2.md").read_text()
    exported = json.loads((folder / "Trip-Oslo.json").read_text())
    assert exported["messages"][0]["content"] == "Where?"


async def test_a_narrow_terminal_shows_the_chats_only_when_asked(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_chat("Trip")
    async with shown_app(context, folder, size=(60, 20)) as shown:
        await shown.until(lambda: titles(shown) == ["Trip"])
        assert not shown.screen.chat_list.display
        await shown.pilot.press("ctrl+s")
        await shown.until(lambda: shown.screen.chat_list.display)
        await shown.pilot.press("enter", "enter")
        await shown.until(lambda: shown.screen.current.chat.title == "Trip")
        assert not shown.screen.chat_list.display
