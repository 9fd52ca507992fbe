"""Chats over the embedded backend: searched, renamed, deleted and brought back, exported."""

from pocketllm_cli.imports.files import read_file
from tests.end_to_end.terminal.conftest import Person
from tests.pocketllm_cli.tui.harness import Shown


def titles(shown: Shown) -> list[str]:
    options = shown.screen.chat_list.options.options
    return [str(option.prompt).strip(" •…↑") for option in options if not option.disabled]


def add_chat(person: Person, title: str, *texts: str) -> str:
    """Add a chat of prompts and answers by turns."""
    chat = person.user.call(
        "POST", "/rest/v1/chats", {"title": title}, prefer="return=representation"
    )
    for place, text in enumerate(texts):
        role = "assistant" if place % 2 else "user"
        message = {"chat_id": chat[0]["id"], "role": role, "content": text}
        person.user.call("POST", "/rest/v1/messages", message)
    return str(chat[0]["id"])


async def test_chats_are_searched_by_title_and_by_what_was_said_in_them_and_switched(
    person: Person,
) -> None:
    add_chat(person, "Trip to Oslo", "Where to?", "My zebra is ill")
    add_chat(person, "Taxes", "How much?")
    async with person.app() as shown:
        await shown.until(lambda: titles(shown) == ["Taxes", "Trip to Oslo"])
        await shown.pilot.press("ctrl+s", *"oslo")
        await shown.until(lambda: titles(shown) == ["Trip to Oslo"])
        await shown.pilot.press(*["backspace"] * 4, *"zebra")
        await shown.see("In messages", "My zebra is ill")
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.texts == ["Where to?", "My zebra is ill"])
        await shown.pilot.press("ctrl+s", "enter", "enter")
        await shown.until(lambda: shown.texts == ["How much?"])


async def test_a_chat_is_renamed_deleted_and_brought_back(person: Person) -> None:
    add_chat(person, "Precious", "Hello?")
    async with person.app(chat="last") as shown:
        await shown.until(lambda: titles(shown) == ["Precious"])
        await shown.pilot.press("ctrl+s", "enter", "r")
        await shown.until(lambda: shown.place == "AskLine")
        await shown.pilot.press("end", "!", "enter")
        await shown.until(lambda: titles(shown) == ["Precious!"])
        await shown.pilot.press("x")
        await shown.until(lambda: not titles(shown) and not shown.texts)
        assert person.rows("chats", "title") == []
        await shown.pilot.press("ctrl+t")
        await shown.until(lambda: titles(shown) == ["Precious!"])
        await shown.pilot.press("ctrl+s", "enter", "enter")
        await shown.until(lambda: shown.texts == ["Hello?"])
    assert person.rows("chats", "title") == [{"title": "Precious!"}]


async def test_a_chat_is_exported_beside_what_is_there(person: Person) -> None:
    chat = add_chat(person, "Trip / Oslo", "Where?", "There.")
    (person.folder / "Trip-Oslo.md").write_text("mine")
    async with person.app(chat="last") as shown:
        await shown.until(lambda: shown.texts == ["Where?", "There."])
        await shown.ask("/export")
        await shown.until(lambda: (person.folder / "Trip-Oslo-2.md").exists())
        await shown.ask("/export json")
        await shown.until(lambda: (person.folder / "Trip-Oslo.json").exists())
        await shown.ask("/export html")
        await shown.until(lambda: (person.folder / "Trip-Oslo.html").exists())

    assert (person.folder / "Trip-Oslo.md").read_text() == "mine"
    assert "## You\n\nWhere?" in (person.folder / "Trip-Oslo-2.md").read_text()
    [record] = read_file(person.folder / "Trip-Oslo.json", None, chat)  # as `chats import` reads
    assert [each["content"] for each in record["messages"]] == ["Where?", "There."]
