"""Signing in and out, and what happens when a session ends."""

from pathlib import Path

from pocketllm_cli.contexts import Contexts
from pocketllm_cli.models import Context
from pocketllm_cli.tui.messages import ReopenWanted
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app

PASSWORD = "correct horse battery"
EMAIL = "me@example.org"


async def sign_in(shown: Shown, email: str, password: str) -> None:
    await shown.until(lambda: shown.place == "SignInScreen")
    await shown.paste(email)
    await shown.pilot.press("tab")
    await shown.paste(password)
    await shown.pilot.press("enter")


async def test_an_ended_session_is_taken_up_again_where_one_was(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.accounts[EMAIL] = PASSWORD
    async with shown_app(context, folder, token=None) as shown:
        await sign_in(shown, EMAIL, PASSWORD)
        await shown.until(lambda: shown.app.return_value is not None)
    async with shown_app(context, folder, token=None) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        fake.tokens.clear()
        fake.refresh_tokens.clear()
        await shown.pilot.press("f2")
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.see("Your session has ended.", EMAIL)
        await shown.paste(PASSWORD)
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.place == "ModelsScreen")
        await shown.see("gpt")
        assert shown.app.return_value is None


async def test_with_a_token_of_the_environment_nobody_is_asked_to_sign_in(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, token="refused") as shown:
        await shown.see("The token in POCKETLLM_ACCESS_TOKEN was not accepted.")
        assert shown.place == "ChatScreen"


async def test_one_key_goes_to_the_backend_on_this_machine(context: Context, folder: Path) -> None:
    async with shown_app(context, folder, token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.see("Ctrl+E uses the backend on this machine")
        await shown.pilot.press("ctrl+e")
        await shown.until(lambda: shown.app.return_value == ReopenWanted("embedded"))

    assert Contexts.load(folder / "config" / "config.toml").current == "embedded"
