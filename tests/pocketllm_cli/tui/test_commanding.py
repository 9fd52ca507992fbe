"""What commands say where they cannot be done, what the palette has, and keys typed in haste."""

import re
from dataclasses import fields
from pathlib import Path

from textual.events import Key
from textual.widgets._toast import ToastRack

from pocketllm_cli.models import Context
from pocketllm_cli.tui.options import TerminalOptions
from pocketllm_cli.tui.slash_commands import SLASH_COMMANDS
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app


def in_haste(shown: Shown, keys: str) -> None:
    """Let keys arrive together, as over a line that stalls."""
    for key in keys.split():
        shown.app.post_message(Key(key, key if len(key) == 1 else None))


async def test_notices_hide_neither_what_is_written_nor_the_connection(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, size=(60, 24)) as shown:
        rack = ToastRack()  # the tests' apps have none
        await shown.screen.mount(rack)
        assert rack.styles.dock == "top"
        assert rack.styles.align_vertical == "top"


async def test_what_is_typed_right_behind_a_key_that_goes_to_the_composer_is_text(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Museums")
    fake.add_message(chat["id"], "user", "Which?")
    fake.add_message(chat["id"], "assistant", "Fram")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.until(lambda: shown.texts == ["Which?", "Fram"])
        for key in ("i", "tab", "ctrl+n"):
            await shown.pilot.press("ctrl+up")
            in_haste(shown, f"{key} r e f")
            await shown.until(lambda: shown.screen.composer.text.endswith("ref"))
            shown.screen.composer.put("")


async def test_a_model_config_that_another_program_added_can_be_chosen(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        fake.add_model("late")
        await shown.ask("/model late")
        await shown.until(lambda: shown.screen.status.model == "late")
        fake.add_model("later")
        await shown.pilot.press("ctrl+l")
        await shown.see("later")


async def test_a_command_that_cannot_be_done_says_why(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        for name in ("rename", "regenerate", "export", "archive", "copy"):
            before = len(shown.notices)
            await shown.ask(f"/{name}")
            await shown.until(lambda: len(shown.notices) > before)  # noqa: B023
            assert shown.notices[-1] == "Nothing was asked in this chat yet."


async def test_what_has_only_a_key_is_in_the_palette_too(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Code")
    fake.add_message(chat["id"], "assistant", "```\nls\n```")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.until(lambda: len(shown.texts) == 1)
        offered = {command.title: command for command in shown.screen.commands()}
        shown.app.call_later(offered["Copy code"].callback)
        await shown.until(lambda: any("code block 1 of 1" in each for each in shown.notices))
        shown.app.call_later(offered["Chats"].callback)
        await shown.until(lambda: shown.screen.chat_list.search.has_focus)
        shown.app.call_later(offered["Name a file"].callback)
        await shown.until(lambda: shown.screen.composer.text == "@")


def test_the_page_about_the_app_names_every_command_and_every_setting() -> None:
    page = (Path(__file__).parents[3] / "docs" / "terminal-app.md").read_text("utf-8")
    for name in SLASH_COMMANDS:
        assert re.search(rf"`/{name}[` ]", page), name
    for option in fields(TerminalOptions):
        if option.name not in ("is_still", "keys"):
            assert re.search(rf"^{option.name} = ", page, re.MULTILINE), option.name
