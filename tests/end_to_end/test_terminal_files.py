"""A picture in the terminal app over the embedded backend: up, to the model, down, drawn, saved."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from pocketllm_cli.models import Context
from tests.pocketllm_cli.drawn import drawn, opened
from tests.pocketllm_cli.tui.harness import shown_app
from tests.support.home import Home
from tests.support.upstream import Upstream

pytestmark = pytest.mark.backend


async def test_a_photo_goes_to_the_model_scaled_and_is_drawn_and_saved_here_and_elsewhere(
    home: Home, add_model: Callable[[str], str], provider: Upstream, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(drawn("JPEG", (3000, 1500)))
    config = home.run("models", "show", add_model("any"), "--json").json()
    status = home.status()
    context = Context("machine", status["url"], status["publishable_key"])
    token = home.run("whoami", "--token").text.strip()

    async with shown_app(context, tmp_path, token=token) as shown:
        await shown.until(lambda: shown.screen.models)
        shown.screen.use_model(shown.screen.current, config["id"])
        await shown.ask("/attach photo.jpg")
        await shown.until(lambda: shown.screen.composer.files)
        await shown.ask("What is it?")
        await shown.until(lambda: len(shown.texts) == 2 and not shown.screen.current.running)
        await shown.pilot.press("ctrl+up", "g")
        await shown.see("photo.jpg · JPEG", "▀" * 20)
        chat = shown.screen.current.chat.id

    sent = provider.requests[-1]["messages"][-1]["content"]
    [url] = [part["image_url"]["url"] for part in sent if part["type"] == "image_url"]
    assert opened(base64.b64decode(url.partition(",")[2])).size == (2048, 1024)

    async with shown_app(context, tmp_path / "elsewhere", token=token, chat=chat) as shown:
        await shown.until(lambda: len(shown.texts) == 2)
        await shown.pilot.press("ctrl+up", "g")
        await shown.see("▀" * 20)
        await shown.ask("/files")
        await shown.until(lambda: shown.place == "Choose")
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.place == "AskLine")
        await shown.paste("")
        await shown.pilot.press("enter")
        await shown.until(lambda: (tmp_path / "elsewhere" / "photo.jpg").exists())
    assert opened((tmp_path / "elsewhere" / "photo.jpg").read_bytes()).size == (2048, 1024)
