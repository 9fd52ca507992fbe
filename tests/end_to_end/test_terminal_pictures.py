"""Pictures in the terminal app over the embedded backend and its worker: made, seen, saved."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from pocketllm_cli.api.client import Api
from pocketllm_cli.models import Context
from pocketllm_cli.tui.heard_changes import HeardChanges
from pocketllm_cli.tui.live import Changes, PolledChanges
from tests.pocketllm_cli.tui.harness import shown_app
from tests.support.home import Home
from tests.support.imagerouter import KEY, MODEL, ImageRouter
from tests.support.picture_files import colour_of

BLOCKS = "▀" * 6


def heard(api: Api) -> Changes:
    return HeardChanges(api.changes, api.chats, otherwise=PolledChanges(api.chats))


async def test_a_picture_is_made_on_its_screen_and_in_a_chat_and_is_there_elsewhere(
    new_home: Callable[..., Home], tmp_path: Path
) -> None:
    async with ImageRouter().running() as router:
        home = new_home(IMAGEROUTER_API_KEY=KEY, IMAGEROUTER_BASE_URL=router.base_url)
        status = await asyncio.to_thread(started, home)
        context = Context("machine", status["url"], status["publishable_key"])
        token = home.run("whoami", "--token").text.strip()

        async with shown_app(context, tmp_path, token=token, changes=heard) as shown:
            await shown.pilot.press("f10")
            await shown.see("No pictures yet")
            await shown.type("green")
            await shown.pilot.press("tab")
            await shown.type(MODEL)
            await shown.pilot.press("enter", "enter")
            await shown.see(BLOCKS)
            await shown.until(lambda: colour("green") in shown.app.export_screenshot())
            await shown.pilot.press("tab", "tab", "tab", "tab", "s")
            await shown.until(lambda: shown.place == "AskLine")
            await shown.pilot.press("enter")
            await shown.until(lambda: (tmp_path / "green.png").exists())
            await shown.pilot.press("escape")
            await shown.until(lambda: shown.place == "ChatScreen")
            await shown.ask("/image blue")
            await shown.see("blue.png", BLOCKS)
            chat = shown.screen.current.chat.id

        async with shown_app(context, tmp_path / "elsewhere", token=token, chat=chat) as shown:
            await shown.see("/image blue", "blue.png", BLOCKS)
            await shown.until(lambda: colour("blue") in shown.app.export_screenshot())

        paths = [file["path"] for file in home.run("files", "list", "--json").json()]
        assert len(paths) == len(router.made) == 2
        stored = [fetched(home, path, tmp_path / "stored.png") for path in paths]
        assert (tmp_path / "green.png").read_bytes() in stored


def fetched(home: Home, path: str, target: Path) -> bytes:
    assert home.run("files", "download", path, str(target), "--force").code == 0
    return target.read_bytes()


def colour(prompt: str) -> str:
    """The colour of a prompt's picture, as a screenshot has it."""
    return "#{:02x}{:02x}{:02x}".format(*colour_of(prompt))


def started(home: Home) -> dict[str, str]:
    done = home.run("backend", "start")
    assert done.code == 0, done.err
    status: dict[str, str] = home.status()
    return status
