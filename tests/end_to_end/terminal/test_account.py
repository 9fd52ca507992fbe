"""Signing in, up and out over the embedded backend, and the profile of who did."""

import json
from pathlib import Path
from uuid import uuid4

from pocketllm_cli.contexts import Contexts
from pocketllm_cli.tui.messages import ReopenWanted
from tests.end_to_end.terminal.conftest import Person, go_to_row
from tests.pocketllm_cli.tui.harness import Shown
from tests.support.home import Home

AGAIN = ReopenWanted("machine")


async def until_over(shown: Shown) -> None:
    await shown.until(lambda: shown.app.return_value is not None)
    assert shown.app.return_value == AGAIN


async def test_somebody_signs_in_after_a_wrong_password_and_signs_out(person: Person) -> None:
    async with person.app(token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.paste(person.user.email)
        await shown.pilot.press("tab", *"wrong", "enter")
        await shown.see("The email or the password is wrong.", person.user.email)
        await shown.pilot.press(*["backspace"] * 5)
        await shown.paste(person.user.password)
        assert person.user.password not in shown.page
        await shown.pilot.press("enter")
        await until_over(shown)
        names = [type(screen).__name__ for screen in shown.app.screen_stack]
        assert names.count("SignInScreen") == 1

    async with person.app(token=None) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.pilot.press("f6")
        await shown.see(person.user.email)
        await shown.pilot.press("o")
        await shown.see("Sign out of machine?")
        await shown.pilot.press("tab", "enter")
        await until_over(shown)

    async with person.app(token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")


async def test_an_account_is_made_when_both_passwords_agree_and_its_profile_is_filled_in(
    person: Person,
) -> None:
    email = f"{uuid4().hex}@example.org"
    async with person.app(token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.pilot.click("#up")
        await shown.see("Password again", "Make the account")
        await shown.paste(email)
        await shown.pilot.press("tab")
        await shown.paste(person.user.password)
        await shown.pilot.press("tab", "x", "enter")
        await shown.see("The two passwords differ.")
        await shown.pilot.press("backspace")
        await shown.paste(person.user.password)
        await shown.pilot.press("enter")
        await until_over(shown)

    async with person.app(token=None) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.pilot.press("f4")
        await shown.see("Your profile is empty.")
        await shown.pilot.press("e")
        await shown.go_to_field("full_name")
        await shown.paste("Ada Lovelace")
        await shown.go_to_field("date_of_birth")
        await shown.paste("1815-12-100")
        await shown.pilot.press("ctrl+s")
        await shown.see("A date such as 2000-12-31.")
        await shown.pilot.press("backspace", "ctrl+s")
        await shown.see("Ada Lovelace", "1815-12-10")


async def test_a_code_from_a_mail_signs_in(person: Person, home: Home) -> None:
    async with person.app(token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.paste(person.user.email)
        await shown.pilot.click("#send")
        await shown.see("a code is in the mail")
        await shown.paste("000000")
        await shown.pilot.press("enter")
        await shown.see("The code is wrong or too old.")
        await shown.pilot.press(*["backspace"] * 6)
        await shown.paste(mailed_code(home.backend_folder / "mail", person.user.email))
        await shown.pilot.press("enter")
        await until_over(shown)


def mailed_code(mails: Path, address: str) -> str:
    """Return the code in the newest mail to somebody."""
    found = [json.loads(path.read_text()) for path in sorted(mails.glob("*.json"))]
    return str(next(mail["code"] for mail in reversed(found) if mail["to"] == address))


async def test_another_context_is_added_and_used(person: Person) -> None:
    async with person.app() as shown:
        await shown.pilot.press("f5", "a")
        await shown.see("Add a context")
        for field, text in {"name": "work", "url": person.url, "anon_key": person.user.key}.items():
            await shown.go_to_field(field)
            await shown.paste(text)
        await shown.pilot.press("ctrl+s")
        await shown.see("work")
        go_to_row(shown, "work")
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.app.return_value == ReopenWanted("work"))
    assert Contexts.load(shown.app.parts.config.path).current == "work"
