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


async def test_who_is_not_signed_in_comes_to_the_sign_in_screen_once(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.accounts[EMAIL] = PASSWORD
    async with shown_app(context, folder, token=None) as shown:
        await sign_in(shown, EMAIL, PASSWORD)
        await shown.until(lambda: shown.app.return_value is not None)

        assert [type(each).__name__ for each in shown.app.screen_stack].count("SignInScreen") == 1
        assert shown.app.return_value == ReopenWanted("environment")
        assert PASSWORD not in shown.page
    async with shown_app(context, folder, token=None) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")


async def test_a_wrong_password_is_told_in_place_and_what_was_typed_stays(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, token=None) as shown:
        await sign_in(shown, EMAIL, "wrong")
        await shown.see("The email or the password is wrong.")
        await shown.see(EMAIL)


async def test_an_account_is_made_when_both_passwords_agree(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.pilot.click("#up")
        await shown.see("Password again", "Make the account")
        await shown.paste(EMAIL)
        await shown.pilot.press("tab")
        await shown.paste(PASSWORD)
        await shown.pilot.press("tab", "x", "enter")
        await shown.see("The two passwords differ.")
        await shown.pilot.press("backspace")
        await shown.paste(PASSWORD)
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.app.return_value is not None)

    assert fake.accounts == {EMAIL: PASSWORD}


async def test_a_code_from_a_mail_signs_in(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.codes[EMAIL] = "123456"
    async with shown_app(context, folder, token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.paste(EMAIL)
        await shown.pilot.click("#send")
        await shown.see("a code is in the mail")
        await shown.paste("000000")
        await shown.pilot.press("enter")
        await shown.see("The code is wrong or too old.")
        await shown.pilot.press(*["backspace"] * 6)
        await shown.paste("123456")
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.app.return_value is not None)


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


async def test_signing_out_forgets_the_session(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.accounts[EMAIL] = PASSWORD
    async with shown_app(context, folder, token=None) as shown:
        await sign_in(shown, EMAIL, PASSWORD)
        await shown.until(lambda: shown.app.return_value is not None)
    async with shown_app(context, folder, token=None) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.pilot.press("f6")
        await shown.see("Signed in as")
        await shown.pilot.press("o")
        await shown.see("Sign out of environment?")
        await shown.pilot.press("tab", "enter")
        await shown.until(lambda: shown.app.return_value is not None)
        assert shown.app.parts.api.sessions.current() is None
    assert fake.seen["POST /auth/v1/logout"] == 1
