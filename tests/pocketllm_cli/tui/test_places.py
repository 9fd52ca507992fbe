"""The screens beside the chat: usage, profile, contexts, settings, keys; how one gets there."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.contexts import Contexts
from pocketllm_cli.models import Context, UsageRow
from pocketllm_cli.tui.keys import KEYS, conflict_of
from pocketllm_cli.tui.messages import ReopenWanted
from pocketllm_cli.tui.places import PLACES, place_commands
from pocketllm_cli.tui.widgets.usage_plots import daily_tokens
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app
from tests.pocketllm_cli.tui.test_attaching import add_question

ADA = {
    "id": "11111111-1111-4111-8111-111111111111",
    "full_name": "Ada Lovelace",
    "username": "ada",
    "bio": "Likes engines.",
    "date_of_birth": "1815-12-10",
    "profession": "Mathematician",
}


def usage(body: dict[str, Any]) -> list[dict[str, Any]]:
    counts = {"answers": 3, "input_tokens": 900, "output_tokens": 100, "total_ms": 2000}
    labels = {"day": ["2026-01-01", "2025-12-30"], "model": ["gpt-5", "tiny"], "chat": ["Oslo"]}
    cost = {"chat_id": None, "cost_usd": 0.01}
    return [{"label": label, **counts, **cost} for label in labels[body["grouping"]]]


async def test_usage_shows_totals_plots_and_numbers_and_asks_for_another_range(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.results["usage"] = usage
    async with shown_app(context, folder, size=(120, 40)) as shown:
        await shown.pilot.press("f3")
        await shown.see("6 answers · 2,000 tokens · $0.0200 · 4.0 s", "Tokens by day", "gpt-5")
        assert fake.bodies[-1]["since"] == "2025-12-03T12:00:00+00:00"
        await shown.pilot.press("r")
        await shown.see("The last 365 days")
        await shown.pilot.press("b", "b")
        await shown.see("Oslo")


def test_days_without_answers_are_plotted_as_nothing() -> None:
    rows = [UsageRow(day, None, 1, 5, 1, None, 0) for day in ("2026-01-03", "2026-01-01", "?")]
    days = daily_tokens(rows)
    assert days == [("2026-01-01", 6), ("2026-01-02", 0), ("2026-01-03", 6)]
    assert date.fromisoformat(days[0][0]) < date.fromisoformat(days[-1][0])


async def test_a_failure_is_the_page_until_it_is_tried_again(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.results["usage"] = usage
    fake.failing["/rest/v1/rpc/usage"] = (500, {"message": "boom"})
    async with shown_app(context, folder, size=(120, 40)) as shown:
        await shown.pilot.press("f3")
        await shown.see("Could not count what answers took", "Ctrl+R tries again")
        fake.failing.clear()
        await shown.pilot.press("ctrl+r")
        await shown.see("6 answers")


async def test_a_context_is_added_used_and_removed_and_other_settings_stay(
    context: Context, folder: Path
) -> None:
    config = folder / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[terminal]\ntheme = "light"\n[keys]\n"chat.new" = "f12"\n')
    async with shown_app(context, folder) as shown:
        await shown.pilot.press("f5")
        await shown.see("embedded", "on this machine", "environment")
        await shown.pilot.press("a")
        await shown.see("Add a context")
        await shown.paste("work")
        await shown.pilot.press("tab", *"http", "colon", "slash", "slash", *"host")
        await shown.pilot.press("tab", "s", "b", "_", *"secret", "_", "1")
        await shown.pilot.press("ctrl+s")
        await shown.see("is not safe: use https", "must not be stored here")
        form = shown.app.screen
        form.query_one("#field-url Input").value = "https://host.example"  # type: ignore[attr-defined]
        form.query_one("#field-anon_key Input").value = "sb_publishable_1"  # type: ignore[attr-defined]
        await shown.pilot.press("ctrl+s")
        await shown.see("https://host.example")
        await shown.pilot.press("down", "x")
        await shown.see("Remove the context work")
        await shown.pilot.press("escape", "enter")
        await shown.until(lambda: shown.app.return_value == ReopenWanted("work"))

    stored = Contexts.load(config)
    assert (stored.current, stored.terminal, stored.keys) == (
        "work",
        {"theme": "light"},
        {"chat.new": "f12"},
    )


async def test_a_setting_is_stored_and_taken_at_once(context: Context, folder: Path) -> None:
    async with shown_app(context, folder) as shown:
        await shown.pilot.press("f7")
        await shown.see("Show answers as Markdown")
        await shown.pilot.press("enter")
        await shown.see("Which colours?")
        await shown.pilot.press("down", "down", "enter")
        await shown.until(lambda: shown.app.theme == "light")
        await shown.pilot.press("down", "space")
        await shown.until(lambda: not shown.app.parts.options.markdown)
        await shown.pilot.press("backspace")
        await shown.until(lambda: shown.app.parts.options.markdown)

    assert Contexts.load(folder / "config" / "config.toml").terminal == {"theme": "light"}


async def test_a_key_is_given_by_pressing_it_and_one_that_is_taken_is_refused(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.pilot.press("f7")
        await shown.see("Chat: New chat")
        table = shown.app.screen.query_one("RowTable")
        row = [key.value for key in table.rows].index("key:chat.new")  # type: ignore[attr-defined]
        table.move_cursor(row=row)  # type: ignore[attr-defined]
        await shown.pilot.press("enter")
        await shown.see("Press the key for “New chat”.")
        await shown.pilot.press("ctrl+q")
        await shown.until(lambda: any("belongs to app.quit" in note for note in shown.notices))
        assert shown.app.return_value is None
        await shown.pilot.press("enter")
        await shown.see("Press the key")
        await shown.pilot.press("f12")
        await shown.see("F12 *")
        await shown.pilot.press("escape")
        await shown.until(lambda: shown.place == "ChatScreen")
        shown.screen.composer.put("")
        before = shown.screen.current
        await shown.pilot.press("f12")
        await shown.until(lambda: shown.screen.current is not before)

    assert Contexts.load(folder / "config" / "config.toml").keys == {"chat.new": "f12"}


@pytest.mark.parametrize(
    ("key_id", "key", "taken"),
    [
        ("chat.new", "ctrl+q", "app.quit"),
        ("chat.new", "ctrl+s", "chat.list"),
        ("models.add", "f3", "go.usage"),
        ("models.add", "r", None),
        ("usage.range", "u", None),
    ],
)
def test_a_key_is_free_where_nothing_in_the_same_part_has_it(
    key_id: str, key: str, taken: str | None
) -> None:
    assert conflict_of(key_id, key, {}) == taken


def test_no_two_actions_of_one_part_share_a_key() -> None:
    clashes = {
        (key_id, other)
        for key_id, key in KEYS.items()
        for each in key.keys.split(",")
        if (other := conflict_of(key_id, each, {})) is not None
    }
    assert not clashes


async def test_the_help_begins_with_what_had_the_focus_and_can_be_searched(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, size=(100, 60)) as shown:
        await shown.pilot.press("f1")
        await shown.see("What had the focus", "Ctrl+J, Shift+Enter, Alt+Enter", "Everywhere")
        await shown.paste("regenerate")
        await shown.see("Messages, when they have the focus")
        await shown.until(lambda: "Everywhere" not in shown.page)
        await shown.paste("zzz")
        await shown.see("No such key.")


async def test_the_palette_offers_every_place_and_every_deed_there(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        titles = [command.title for command in place_commands(shown.screen)]
    for name in PLACES:
        assert name.capitalize() in titles
    for key_id, key in KEYS.items():
        group = key_id.partition(".")[0]
        if group in PLACES and group != "settings":
            assert f"{group.capitalize()}: {key.description}" in titles


@pytest.mark.parametrize("size", [(60, 20), (200, 50)])
async def test_every_place_fits_a_small_and_a_large_terminal(
    size: tuple[int, int], fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.results["usage"] = usage
    fake.tables["profiles"].append(dict(ADA))
    add_question(fake, "a file.txt", kind="text/plain")
    async with shown_app(context, folder, size=size) as shown:
        for place in PLACES:
            shown.app.action_open(place)
            await shown.until(lambda: shown.place == f"{place.capitalize()}Screen")  # noqa: B023
            await shown.until(lambda: not shown.app.screen.has_class("-noticed"))
            await shown.pilot.pause()
            screen = shown.app.screen
            assert screen.max_scroll_x == screen.max_scroll_y == 0
            assert all(len(line) <= size[0] for line in shown.page.split("\n"))


async def test_what_is_selected_on_a_place_is_copied(context: Context, folder: Path) -> None:
    async with shown_app(context, folder) as shown:
        await shown.pilot.press("f1")
        await shown.see("Everywhere")
        shown.app.copy_to_clipboard("some keys")
        await shown.until(lambda: any("Copied the selection" in note for note in shown.notices))


def test_plots_tables_and_pictures_are_loaded_only_when_they_are_shown() -> None:
    program = (
        "import pocketllm_cli.tui.opening, sys\n"
        "loaded = {'textual_plotext', 'plotext', 'textual.widgets._data_table'}\n"
        "loaded |= {'PIL', 'textual_image'}\n"
        "print(sorted(loaded & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n"
