"""A terminal that is made so small that nothing can be read in it, and large again."""

from pathlib import Path

import pytest

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app

_CHAT = ("ctrl+s", "slash", "ctrl+p", "ctrl+l", "ctrl+r")
_PLACES = ("f1", "f2", "f3", "f7", "f10", "f11")


@pytest.mark.parametrize("opened", [_CHAT, _PLACES], ids=["chat", "places"])
async def test_no_screen_ends_the_app_however_small_the_terminal(
    fake: FakeBackend, context: Context, folder: Path, opened: tuple[str, ...]
) -> None:
    chat = fake.add_chat("Trip to Oslo")
    fake.add_message(chat["id"], "user", "Where?")
    fake.add_job("A fox")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.see("Where?")
        for key in opened:
            await shown.pilot.press(key)
            for size in ((1, 1), (3, 2)):
                await shown.pilot.resize_terminal(*size)
                await shown.pilot.press("pagedown", "pageup", "down")
            await shown.pilot.resize_terminal(100, 30)
            await shown.pilot.press("escape", "escape", "ctrl+u")
        await shown.see("Where?")


async def test_a_key_that_comes_before_the_commands_are_there_is_passed_over(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        for key in ("pagedown", "pageup"):
            shown.app.action_command_palette()
            await shown.pilot.press(key, "escape")
        await shown.until(lambda: shown.place == "ChatScreen")
