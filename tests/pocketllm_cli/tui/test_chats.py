"""The list of chats and what is done with them."""

from pathlib import Path

import pytest

from pocketllm_cli.models import Chat, Context
from pocketllm_cli.tui.days import day_name, group_by_day
from pocketllm_cli.tui.widgets.placeholder import placeholder_for
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


@pytest.mark.parametrize("typed", ["cafe", "CAFÉ", "cafe\u0301"])
async def test_a_title_is_found_with_or_without_its_accents_also_while_nothing_answers(
    fake: FakeBackend, context: Context, folder: Path, typed: str
) -> None:
    for title in ("Taxes", "Un café", "The cafe", "Cafe\u0301s"):
        fake.add_chat(title)
    fake.failing["/rest/v1/rpc/search_messages"] = (500, {"message": "away"})
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: len(titles(shown)) == 4)
        shown.screen.chat_list.search.value = typed
        await shown.until(lambda: sorted(titles(shown)) == ["Cafe\u0301s", "The cafe", "Un café"])


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


async def test_a_narrow_terminal_shows_the_chats_only_when_asked(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_chat("Trip")
    async with shown_app(context, folder, size=(60, 20)) as shown:
        await shown.until(lambda: titles(shown) == ["Trip"])
        assert not shown.screen.chat_list.display
        await shown.pilot.press("ctrl+s")
        await shown.until(lambda: shown.screen.chat_list.display)
        await shown.pilot.press("escape")
        await shown.until(lambda: not shown.screen.chat_list.display)
        assert shown.screen.composer.area.has_focus
        await shown.pilot.press("ctrl+s")
        await shown.until(lambda: shown.screen.chat_list.display)
        await shown.pilot.press("enter", "enter")
        await shown.until(lambda: shown.screen.current.chat.title == "Trip")
        assert not shown.screen.chat_list.display


async def test_a_chat_is_archived_seen_there_and_taken_out_again(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_chat("Old business", used="2026-01-01T00:00:00+00:00")
    fake.add_chat("New business", used="2026-01-02T00:00:00+00:00")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: titles(shown) == ["New business", "Old business"])
        await shown.pilot.press("ctrl+s", "enter", "down", "a")
        await shown.until(lambda: titles(shown) == ["New business"])
        await shown.pilot.press("v")
        await shown.until(lambda: titles(shown) == ["Old business"])
        await shown.see("In the archive")
        await shown.pilot.press("a")
        await shown.see("The archive is empty")
        await shown.pilot.press("v")
        await shown.until(lambda: titles(shown) == ["New business", "Old business"])


async def test_archiving_is_undone_with_the_key_that_undoes_a_deletion(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    row = fake.add_chat("Precious")
    async with shown_app(context, folder, chat=row["id"]) as shown:
        await shown.until(lambda: titles(shown) == ["Precious"])
        await shown.ask("/archive")
        await shown.until(lambda: not titles(shown))
        assert shown.screen.current.chat.title == "New chat"
        await shown.pilot.press("ctrl+t")
        await shown.until(lambda: titles(shown) == ["Precious"])

    assert fake.tables["chats"][0]["archived_at"] is None


async def test_a_question_takes_a_chat_out_of_the_archive(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    row = fake.add_chat("Sleeping")
    row["archived_at"] = "2026-01-01T00:00:00+00:00"
    async with shown_app(context, folder, chat=row["id"]) as shown:
        await shown.see("Sleeping (archived)")
        assert not titles(shown)
        await shown.ask("Wake up")
        await shown.until(lambda: titles(shown) == ["Sleeping"])


async def test_a_command_can_carry_the_new_title_or_the_model(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    row = fake.add_chat("Old")
    fake.add_model("claude")
    async with shown_app(context, folder, chat=row["id"]) as shown:
        await shown.until(lambda: titles(shown) == ["Old"] and shown.screen.models)
        await shown.ask("/rename Trip to Oslo")
        await shown.until(lambda: titles(shown) == ["Trip to Oslo"])
        await shown.ask("/model Claude")
        await shown.until(lambda: shown.screen.status.model == "claude")


async def test_whoever_is_in_the_list_goes_on_seeing_it_when_the_terminal_gets_narrow(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_chat("Trip")
    async with shown_app(context, folder, size=(100, 24)) as shown:
        await shown.until(lambda: titles(shown) == ["Trip"])
        await shown.pilot.resize_terminal(60, 24)
        await shown.until(lambda: not shown.screen.chat_list.display)
        await shown.pilot.resize_terminal(100, 24)
        await shown.pilot.press("ctrl+s")
        await shown.pilot.resize_terminal(60, 24)
        await shown.until(lambda: shown.screen.has_class("-narrow"))
        assert shown.screen.chat_list.display


def test_what_an_empty_composer_says_fits_its_width_and_names_the_keys_as_they_are() -> None:
    assert placeholder_for(200, {}).startswith("Ask anything. Enter sends, Ctrl+J makes a line")
    assert "F12 sends" in placeholder_for(200, {"composer.send": "f12"})
    assert all(len(placeholder_for(width, {})) <= width for width in range(13, 90))
