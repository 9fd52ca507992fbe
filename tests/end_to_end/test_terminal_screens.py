"""The terminal app's screens over the embedded backend: from a new account to its usage."""

from pathlib import Path
from uuid import uuid4

import pytest

from pocketllm_cli.models import Context
from tests.pocketllm_cli.tui.harness import shown_app
from tests.support.home import Home

pytestmark = pytest.mark.model
PASSWORD = "correct horse battery"
SIZE = (120, 40)


@pytest.fixture
def context(home: Home) -> Context:
    status = home.status()
    return Context("machine", status["url"], status["publishable_key"])


async def test_somebody_signs_up_adds_a_model_tests_it_asks_it_and_sees_what_it_took(
    context: Context, tmp_path: Path
) -> None:
    async with shown_app(context, tmp_path, size=SIZE, token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.paste(f"{uuid4().hex}@example.org")
        await shown.pilot.click("#up")
        await shown.go_to_field("password")
        await shown.paste(PASSWORD)
        await shown.pilot.press("tab")
        await shown.paste(PASSWORD)
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.app.return_value is not None)

    async with shown_app(context, tmp_path, size=SIZE, token=None) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.pilot.press("f2")
        await shown.see("SmolLM2")
        await shown.pilot.press("a")
        await shown.go_to_field("name")
        await shown.paste("mine")
        shown.app.screen.query_one("Select").value = "local"  # type: ignore[attr-defined]
        await shown.go_to_field("model")
        await shown.paste("smollm2")
        await shown.pilot.press("ctrl+s")
        await shown.see("mine")
        await shown.pilot.press("down", "d")
        await shown.see("★  mine")
        await shown.pilot.press("t")
        await shown.see("mine works")

        await shown.pilot.press("u")
        await shown.until(lambda: shown.screen.status.model == "mine")
        await shown.ask("Say hi.")
        await shown.until(lambda: len(shown.texts) == 2)
        await shown.until(lambda: shown.screen.current.running is None)
        await shown.pilot.press("f3")
        await shown.see("1 answer ·", "Tokens by day")


async def test_a_profile_is_filled_in_and_stays(
    context: Context, tmp_path: Path, home: Home
) -> None:
    token = home.run("whoami", "--token").text.strip()
    async with shown_app(context, tmp_path, token=token) as shown:
        await shown.pilot.press("f4")
        await shown.until(lambda: shown.place == "ProfileScreen")
        await shown.see("fill it in")
        await shown.pilot.press("e")
        await shown.go_to_field("full_name")
        await shown.paste("Ada Lovelace")
        await shown.pilot.press("ctrl+s")
        await shown.see("Name        Ada Lovelace")
