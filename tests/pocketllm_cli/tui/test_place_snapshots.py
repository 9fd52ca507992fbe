"""How the screens beside the chat look: empty, loading, full and failing.

After a change that is meant: `python -m pytest tests/pocketllm_cli/tui/test_place_snapshots.py
--snapshot-update`, and look at the pictures in tests/snapshots.
"""

from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app
from tests.pocketllm_cli.tui.pictures import TWO, compare

SIZE = (80, 24)
PATHS = {
    "models": "/rest/v1/model_configs",
    "usage": "/rest/v1/rpc/usage",
    "profile": "/rest/v1/profiles",
    "account": "/auth/v1/user",
}


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


@pytest.fixture
def full(fake: FakeBackend) -> FakeBackend:
    """A backend with something for every screen."""
    fill_places(fake)
    return fake


def fill_places(fake: FakeBackend) -> None:
    """Put something for every screen into a backend."""
    fake.tables["model_configs"][0] |= {"model": "gpt-4.1-mini", "key_last4": "9xYz"}
    fake.add_model("claude", model="claude-sonnet-4-5")
    fake.add_model("home [red]x[/red]", provider="ollama", model="llama3.2:3b 漢字")
    fake.results["usage"] = usage
    models = [{"id": f"gpt-{number}", "context_tokens": 128_000} for number in range(40)]
    fake.results["catalog"] = {"models": models}
    fake.tables["profiles"].append(
        {
            "id": "11111111-1111-4111-8111-111111111111",
            "full_name": "Ada Lovelace",
            "username": "ada",
            "bio": "Likes engines.\nAnd [b]numbers[/b].",
            "profession": "Mathematician",
            "date_of_birth": "1815-12-10",
        }
    )


@pytest.mark.parametrize(
    "place", ["models", "usage", "profile", "contexts", "account", "settings", "help"]
)
async def test_a_place_with_something_in_it(
    place: str, full: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=SIZE) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        shown.app.action_open(place)
        await shown.until(lambda: shown.place != "ChatScreen")
        await shown.until(lambda: not shown.app.screen.has_class("-noticed"))
        await compare(shown, pictures, url=full.url)


@pytest.mark.parametrize("place", ["models", "usage", "profile"])
async def test_a_place_with_nothing_yet(
    place: str, fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    fake.results["usage"] = []
    fake.tables["profiles"].append({"id": "11111111-1111-4111-8111-111111111111"})
    async with shown_app(context, folder, size=SIZE) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        fake.tables["model_configs"].clear()
        shown.app.action_open(place)
        await shown.until(lambda: shown.app.screen.query("#notice"))
        await shown.see(
            "to add one"
            if place == "models"
            else "No answers"
            if place == "usage"
            else "to fill it in"
        )
        await compare(shown, pictures, TWO)


@pytest.mark.parametrize("place", PATHS)
async def test_a_place_that_is_being_read(
    place: str, fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=SIZE) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        fake.hanging.add(PATHS[place])
        shown.app.action_open(place)
        await shown.see("…")
        await compare(shown, pictures, TWO)


@pytest.mark.parametrize("place", PATHS)
async def test_a_place_that_cannot_be_read(
    place: str, fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=SIZE) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        fake.failing[PATHS[place]] = (500, {"message": "boom"})
        shown.app.action_open(place)
        await shown.see("Could not", "tries again")
        await compare(shown, pictures, TWO)


async def test_the_form_of_a_config_with_something_wrong(
    full: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=SIZE) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        shown.app.action_open("models")
        await shown.see("9xYz")
        await shown.pilot.press("down", "e")
        await shown.see("Edit gpt")
        await shown.go_to_field("temperature")
        await shown.paste("9")
        await shown.see("from 0 to 2")
        await compare(shown, pictures)


async def test_the_catalog_and_a_test_that_went_well(
    full: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=SIZE) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        shown.app.action_open("models")
        await shown.see("9xYz")
        await shown.pilot.press("t")
        await shown.see("works")
        await shown.pilot.press("c")
        await shown.see("40 models")
        await compare(shown, pictures)


async def test_signing_in_after_a_wrong_password(
    fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=SIZE, token=None) as shown:
        await shown.until(lambda: shown.place == "SignInScreen")
        await shown.paste("me@example.org")
        await shown.pilot.press("tab", "x", "enter")
        await shown.see("is wrong")
        await compare(shown, pictures)


async def test_a_key_is_asked_for(
    context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=SIZE) as shown:
        await shown.until(lambda: shown.screen.status.model == "gpt")
        shown.app.action_open("settings")
        await shown.see("App: Quit")
        await shown.pilot.press(*["down"] * 9, "enter")
        await shown.see("Press the key")
        await compare(shown, pictures, TWO)
