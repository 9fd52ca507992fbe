"""Model configs over the embedded backend: added, edited, tested, chosen, removed."""

from textual.widgets import Select

from tests.end_to_end.terminal.conftest import Person, go_to_row
from tests.pocketllm_cli.tui.harness import Shown
from tests.support.faults import WIRES, DialectUpstream
from tests.support.upstream import Upstream

SECRET = "sk-very-secret-9xYz"


async def add_config(shown: Shown, name: str, model: str, address: str, key: str) -> None:
    """Fill in the form of a new config and send it off."""
    await shown.pilot.press("a")
    await shown.see("Add a model config")
    shown.app.screen.query_one(Select).value = "openai-compatible"
    for field, text in {"name": name, "model": model, "base_url": address, "api_key": key}.items():
        await shown.go_to_field(field)
        await shown.paste(text)
    assert key not in shown.page
    await shown.pilot.press("ctrl+s")


async def test_a_config_is_added_tested_edited_and_its_key_is_never_shown(
    person: Person, upstream: Upstream
) -> None:
    async with person.app() as shown:
        await shown.pilot.press("f2")
        await shown.see("SmolLM2")
        await add_config(shown, "work", "any", upstream.base_url, SECRET)
        await shown.see("…9xYz")
        assert SECRET not in shown.page
        go_to_row(shown, "work")
        await shown.pilot.press("t")
        await shown.see("✓ work works:", "to the first token", "It said: word0")
        await shown.pilot.press("e")
        await shown.see("…9xYz is stored; empty keeps it")
        await shown.go_to_field("model")
        await shown.pilot.press("end", *["backspace"] * 3, "4", "0", "1", "enter")
        await shown.until(lambda: shown.place == "ModelsScreen")
        await shown.see("401")
        await shown.pilot.press("t")
        await shown.see("✗ work:", "key")

        await add_config(shown, "work", "any", upstream.base_url, SECRET)
        await shown.see("Could not store it")
        assert shown.place == "ModelForm"

    assert [each["authorization"] for each in upstream.headers] == [f"Bearer {SECRET}"] * 2
    assert person.rows("model_configs", "name,model")[-1] == {"name": "work", "model": "401"}


async def test_a_config_takes_a_model_of_the_catalog_becomes_the_default_answers_and_goes(
    person: Person,
) -> None:
    async with DialectUpstream(wire=WIRES["openai"]).running() as provider:
        address = str(provider.base_url)
        person.user.add_config(name="mine", model="none", base_url=address)
        async with person.app() as shown:
            await shown.pilot.press("f2")
            await shown.see("mine")
            go_to_row(shown, "mine")
            await shown.pilot.press("c")
            await shown.see("2 models")
            await shown.paste("model-b")
            await shown.see("1 of 2 models")
            await shown.pilot.press("enter")
            await shown.until(lambda: shown.place == "ModelsScreen")
            await shown.see("model-b")
            await shown.pilot.press("d")
            await shown.see("★  mine")
            await shown.pilot.press("u")
            await shown.until(lambda: shown.screen.status.model == "mine")
            await shown.ask("Say two.")
            await shown.until(lambda: shown.texts == ["Say two.", "one two"])
            await shown.until(lambda: shown.screen.current.running is None)

            await shown.pilot.press("f3")
            await shown.see("1 answer · 16 tokens", "Tokens by day", "model-b")
            await shown.pilot.press("escape", "f2")
            await shown.see("★  mine")
            go_to_row(shown, "mine")
            await shown.pilot.press("x")
            await shown.see("Remove mine and its key?")
            await shown.pilot.press("tab", "enter")
            await shown.until(lambda: "mine" not in shown.page)
    assert "mine" not in [row["name"] for row in person.rows("model_configs", "name")]
