"""How the screens beside the chat look: being read, failing, empty and full.

After a change that is meant: `make snapshots`, and look at the pictures in tests/snapshots.
"""

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app
from tests.pocketllm_cli.tui.pictures import SMALL, Pictures

PATHS = {
    "models": "/rest/v1/model_configs",
    "usage": "/rest/v1/rpc/usage",
    "profile": "/rest/v1/profiles",
    "account": "/auth/v1/user",
}
EMPTY = {"models": "to add one", "usage": "No answers", "profile": "to fill it in"}
USER_ID = "11111111-1111-4111-8111-111111111111"


def usage(body: dict[str, Any]) -> list[dict[str, Any]]:
    if body["grouping"] == "day":
        labels = [f"2025-12-{day:02}" for day in range(31, 2, -3)]
    else:
        labels = ["gpt-4.1-mini", "claude-sonnet-4-5", "llama3.2:3b", "a-model-whose-name-is-long"]
    return [
        {
            "label": label,
            "chat_id": None,
            "answers": 9 - place % 7,
            "input_tokens": 40_000 // (place + 1),
            "output_tokens": 3_000 + place * 700,
            "cost_usd": 0.25 / (place + 1) if place < 3 else None,
            "total_ms": 9_000 * (place + 1),
        }
        for place, label in enumerate(labels)
    ]


def empty_places(fake: FakeBackend) -> None:
    """Leave nothing for any screen."""
    fake.tables["model_configs"].clear()
    fake.tables["profiles"][:] = [{"id": USER_ID}]
    fake.results["usage"] = []


def fill_places(fake: FakeBackend) -> None:
    """Put something for every screen into a backend."""
    fake.tables["model_configs"].clear()
    fake.add_model("gpt", is_default=True, has_key=True, model="gpt-4.1-mini", key_last4="9xYz")
    fake.add_model("claude", model="claude-sonnet-4-5")
    fake.add_model("home [red]x[/red]", provider="ollama", model="llama3.2:3b 漢字")
    fake.results["usage"] = usage
    models = [{"id": f"gpt-{number}", "context_tokens": 128_000} for number in range(40)]
    fake.results["catalog"] = {"models": models}
    profile = {
        "id": USER_ID,
        "full_name": "Ada Lovelace",
        "username": "ada",
        "bio": "Likes engines.\nAnd [b]numbers[/b].",
        "profession": "Mathematician",
        "date_of_birth": "1815-12-10",
    }
    fake.tables["profiles"][:] = [profile]


async def open_place(shown: Shown, place: str) -> None:
    await shown.until(lambda: shown.screen.status.model == "gpt")
    shown.app.action_open(place)
    await shown.until(lambda: shown.place != "ChatScreen")


def press(shown: Shown, button: str) -> None:
    """Press a button without a mouse, which would stay over it."""
    shown.app.screen.query_one(button, Button).press()


async def until_full(shown: Shown) -> None:
    await shown.until(lambda: not shown.app.screen.has_class("-noticed"))


@pytest.mark.parametrize("place", PATHS)
async def test_a_place_being_read_failing_empty_and_full(
    place: str, fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    async with shown_app(context, folder, size=SMALL) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        fake.hanging.add(PATHS[place])
        await open_place(shown, place)
        await shown.see("…")
        await pictures.compare(shown, "being read")
        fake.hanging.clear()
        fake.failing[PATHS[place]] = (500, {"message": "boom"})
        await shown.pilot.press("ctrl+r")
        await shown.see("Could not", "tries again")
        await pictures.compare(shown, "failing")
        fake.failing.clear()
        empty_places(fake)
        if place in EMPTY:
            await shown.pilot.press("ctrl+r")
            await shown.see(EMPTY[place])
            await pictures.compare(shown, "empty")
        fill_places(fake)
        await shown.pilot.press("ctrl+r")
        await until_full(shown)
        await pictures.compare(shown, "full")


async def test_the_places_that_ask_nobody(
    context: Context, folder: Path, pictures: Pictures
) -> None:
    async with shown_app(context, folder, size=SMALL) as shown:
        for place in ("contexts", "settings", "help"):
            await open_place(shown, place)
            await until_full(shown)
            await pictures.compare(shown, place)
            if place == "help":
                await shown.paste("zzz")
                await shown.see("No such key.")
                await pictures.compare(shown, "no such key")
            await shown.pilot.press("escape")
            await shown.until(lambda: shown.place == "ChatScreen")


async def test_the_form_of_a_config_empty_and_with_something_wrong(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fill_places(fake)
    async with shown_app(context, folder, size=SMALL) as shown:
        await open_place(shown, "models")
        await shown.see("9xYz")
        await shown.pilot.press("a")
        await shown.see("Add a model config", "openai")
        await pictures.compare(shown, "empty")
        await shown.pilot.press("escape", "down", "e")
        await shown.see("Edit gpt")
        await shown.go_to_field("temperature")
        await shown.paste("9")
        await shown.see("from 0 to 2")
        await pictures.compare(shown, "failing")


async def test_the_catalog_being_read_failing_empty_and_full(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fill_places(fake)
    catalog = fake.results["catalog"]
    path = f"/functions/v1/model-configs/{fake.tables['model_configs'][0]['id']}/catalog"
    async with shown_app(context, folder, size=SMALL) as shown:

        async def reopen(*texts: str) -> None:
            await shown.pilot.press("escape")
            await shown.until(lambda: shown.place == "ModelsScreen")
            await shown.pilot.press("c")
            await shown.see(*texts)

        await open_place(shown, "models")
        await shown.see("9xYz")
        await shown.pilot.press("down", "t")
        await shown.see("works")
        fake.hanging.add(path)
        await shown.pilot.press("c")
        await shown.see("Asking the provider")
        await pictures.compare(shown, "being read")
        fake.hanging.clear()
        fake.failing[path] = (402, {"error": {"code": "provider_busy", "message": "Not now."}})
        await reopen("Could not", "Not now.")
        await pictures.compare(shown, "failing")
        fake.failing.clear()
        fake.results["catalog"] = {"models": []}
        await reopen("names no models")
        await pictures.compare(shown, "empty")
        fake.results["catalog"] = catalog
        await reopen("40 models")
        await pictures.compare(shown, "full")


async def test_signing_in(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fake.hanging.add("/auth/v1/token")
    async with shown_app(context, folder, size=SMALL, token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await pictures.compare(shown, "empty")
        await shown.paste("me@example.org")
        await shown.pilot.press("tab", "x", "enter")
        await shown.see("One moment")
        await pictures.compare(shown, "being read")
        fake.hanging.clear()
        await shown.pilot.press("enter")
        await shown.see("is wrong")
        await pictures.compare(shown, "failing")
        press(shown, "#up")
        await shown.see("Password again")
        await pictures.compare(shown, "a new account")
        press(shown, "#up")
        await shown.see("Make an account")
        press(shown, "#send")
        await shown.see("a code is in the mail")
        await pictures.compare(shown, "a code")


async def test_the_forms_of_a_profile_and_of_a_context(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fill_places(fake)
    async with shown_app(context, folder, size=SMALL) as shown:
        await open_place(shown, "profile")
        await shown.see("Ada")
        await shown.pilot.press("e")
        await shown.see("Edit your profile")
        await pictures.compare(shown, "profile")
        await shown.pilot.press("escape", "escape")
        await open_place(shown, "contexts")
        await shown.pilot.press("a")
        await shown.see("Add a context")
        await shown.pilot.press("ctrl+s")
        await shown.see("Needed")
        await pictures.compare(shown, "context with something wrong")


async def test_a_question_and_a_key_that_is_asked_for(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fill_places(fake)
    async with shown_app(context, folder, size=SMALL) as shown:
        await open_place(shown, "models")
        await shown.see("9xYz")
        await shown.pilot.press("x")
        await shown.see("and its key?")
        await pictures.compare(shown, "question")
        await shown.pilot.press("escape", "escape")
        await open_place(shown, "settings")
        await shown.see("App: Quit")
        table = shown.app.screen.query_one("RowTable")
        rows = [key.value for key in table.rows]  # type: ignore[attr-defined]
        table.move_cursor(row=rows.index("key:app.quit"))  # type: ignore[attr-defined]
        await shown.pilot.press("enter")
        await shown.see("Press the key")
        await pictures.compare(shown, "key")
