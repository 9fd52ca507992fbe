"""The screen of model configs: listed, added, edited, tested, chosen, removed."""

from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.models import Context, Provider
from pocketllm_cli.tui.config_fields import (
    FieldProblem,
    read_address,
    read_key,
    read_line,
    read_number,
)
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app

SECRET = "sk-very-secret-9xYz"
WIDE = (120, 40)


def sent(fake: FakeBackend) -> dict[str, Any] | None:
    """What the functions were last given."""
    return next((body for body in reversed(fake.bodies) if body), None)


async def test_what_cannot_be_is_marked_where_it_stands_and_nothing_is_sent(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f2")
        await shown.see("gpt")
        await shown.pilot.press("e")
        await shown.see("Edit gpt")
        await shown.go_to_field("temperature")
        await shown.pilot.press("home", "9")
        await shown.see("A number from 0 to 2.")
        await shown.pilot.press("ctrl+s")
        await shown.see("Mend what is marked first.")

    assert sent(fake) is None


async def test_an_edit_sends_only_what_was_changed_and_keeps_the_key(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.tables["model_configs"][0]["key_last4"] = "9xYz"
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f2")
        await shown.see("…9xYz")
        await shown.pilot.press("e")
        await shown.see("…9xYz is stored; empty keeps it")
        await shown.pilot.press("end", "2", "enter")
        await shown.until(lambda: shown.place == "ModelsScreen")
        await shown.see("gpt2")

    assert sent(fake) == {"name": "gpt2"}


async def test_without_configs_it_says_how_to_add_one_and_the_palette_does(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.tables["model_configs"].clear()
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f2")
        await shown.see("You have no model configs yet.", "to add one")
        await shown.pilot.press("escape", "ctrl+p")
        await shown.until(lambda: shown.place == "Commands")
        await shown.paste("models: add")
        await shown.see("Models: Add")
        await shown.pilot.press("enter")
        await shown.see("Add a model config")


OPENAI = Provider("openai", "https://api.openai.com/v1", "required")
BARE = Provider("openai-compatible", None, "optional")


@pytest.mark.parametrize("text", ["-1", "2.1", "nan", "inf", "warm", "0,5"])
def test_a_temperature_is_a_number_from_0_to_2(text: str) -> None:
    with pytest.raises(FieldProblem, match="from 0 to 2"):
        read_number("temperature", text)
    assert read_number("temperature", " 0.5 ") == 0.5
    assert read_number("max_tokens", "") is None


@pytest.mark.parametrize("text", ["ftp://host", "host", "http://", "https://[half"])
def test_an_address_is_one_of_http(text: str) -> None:
    with pytest.raises(FieldProblem):
        read_address(text, OPENAI)


def test_only_a_provider_with_an_address_of_its_own_can_do_without_one() -> None:
    assert read_address(" ", OPENAI) is None
    with pytest.raises(FieldProblem, match="needs one"):
        read_address("", BARE)


@pytest.mark.parametrize("text", ["two words", "schlüssel", "a\x00b"])
def test_what_no_header_takes_is_no_key(text: str) -> None:
    with pytest.raises(FieldProblem):
        read_key(text)
    assert read_key("  ") is None


def test_a_name_must_be_there() -> None:
    with pytest.raises(FieldProblem, match="Needed"):
        read_line("name", "  ")
