"""Files in the terminal app: picked, dropped, sent, shown, saved."""

import os
import stat
import threading
from pathlib import Path

import pytest
from textual.widgets import Input

from pocketllm_cli.models import Context
from tests.pocketllm_cli.drawn import drawn, opened
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app

MY_ID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def photo(folder: Path) -> Path:
    path = folder / "my photo.png"
    path.write_bytes(drawn("PNG", (40, 20)))
    return path


def chips(shown: Shown) -> list[str]:
    return [file.name for file in shown.screen.composer.files]


async def ask_with(shown: Shown, path: Path, text: str = "What is it?") -> None:
    await shown.ask(f"/attach {path}")
    await shown.until(lambda: chips(shown))
    await shown.ask(text)


async def answered(shown: Shown) -> None:
    await shown.until(lambda: shown.screen.current.running is None and len(shown.texts) == 2)
    await shown.until(lambda: shown.screen.current.stored[-1].parent_id is not None)


def add_question(fake: FakeBackend, *names: str, data: bytes = b"hello", kind: str) -> str:
    """Have a chat whose first question went with files; its id."""
    chat = fake.add_chat("With files")
    noted = []
    for name in names:
        path = f"private/user_files/{MY_ID}/{chat['id']}/{name}"
        fake.storage.objects[path] = kind, data
        noted.append(fake.noted_file(path))
    fake.add_message(chat["id"], "user", "What is it?", attachments=noted)
    return str(chat["id"])


async def test_a_file_is_attached_shown_as_a_chip_and_goes_along(
    fake: FakeBackend, context: Context, folder: Path, photo: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.ask("/attach my photo.png")
        await shown.see("my photo.png", "Ctrl+G removes")
        await shown.ask("What is it?")
        await answered(shown)
        await shown.see("my photo.png · PNG")
        assert not chips(shown)

    chat_id = fake.tables["chats"][0]["id"]
    path = f"private/user_files/{MY_ID}/{chat_id}/my photo.png"
    assert fake.bodies[-1]["attachments"] == [path]
    assert fake.storage.objects[path] == ("image/png", drawn("PNG", (40, 20)))


async def test_a_picture_named_with_at_becomes_a_chip_and_a_text_stays_in_the_prompt(
    fake: FakeBackend, context: Context, folder: Path, photo: Path
) -> None:
    (folder / "notes.md").write_text("swordfish")
    async with shown_app(context, folder) as shown:
        await shown.type("See @my")
        await shown.until(lambda: shown.screen.composer.has_class("-completing"))
        await shown.pilot.press("tab")
        await shown.until(lambda: chips(shown) == ["my photo.png"])
        assert shown.screen.composer.text == "See "
        await shown.type("@notes.md")
        await shown.pilot.press("tab", "enter")
        await answered(shown)

    assert "swordfish" in fake.bodies[-1]["prompt"]
    assert len(fake.bodies[-1]["attachments"]) == 1


async def test_a_picture_dropped_on_the_terminal_is_attached(
    context: Context, folder: Path, photo: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.paste(f"'{photo}'")
        await shown.until(lambda: chips(shown) == ["my photo.png"])
        assert shown.screen.composer.text == ""


async def test_a_path_to_a_text_that_is_pasted_stays_text(context: Context, folder: Path) -> None:
    (folder / "notes.md").write_text("swordfish")
    async with shown_app(context, folder) as shown:
        await shown.paste(f"{folder}/notes.md\n")
        await shown.until(lambda: shown.screen.composer.text == f"{folder}/notes.md")
        assert not chips(shown)
        assert any("/attach" in note for note in shown.notices)


async def test_chips_are_taken_away_by_a_key(context: Context, folder: Path, photo: Path) -> None:
    (folder / "b.pdf").write_bytes(b"%PDF-1.7")
    async with shown_app(context, folder) as shown:
        for name in ("my photo.png", "b.pdf"):
            await shown.ask(f"/attach {name}")
        await shown.until(lambda: len(chips(shown)) == 2)
        await shown.pilot.press("ctrl+g")
        await shown.until(lambda: shown.place == "Choose")
        await shown.pilot.press("enter")
        await shown.until(lambda: chips(shown) == ["b.pdf"])
        await shown.pilot.press("backspace")
        await shown.until(lambda: chips(shown) == [])


async def test_what_cannot_be_attached_is_told(context: Context, folder: Path) -> None:
    (folder / "tool").write_bytes(b"\x00\x01")
    async with shown_app(context, folder) as shown:
        await shown.ask("/attach tool")
        await shown.ask("/attach none.png")
        await shown.until(lambda: len(shown.notices) == 2)
        assert "neither a picture, a PDF nor text" in shown.notices[0]
        assert "There is no file" in shown.notices[1]


async def test_files_wait_in_the_outbox_with_their_prompt(
    fake: FakeBackend, context: Context, folder: Path, photo: Path
) -> None:
    fake.stop()
    async with shown_app(context, folder) as shown:
        await ask_with(shown, photo)
        await shown.until(lambda: shown.screen.current.waiting)
        await shown.see("in the outbox", "my photo.png · PNG")

    from tests.pocketllm_cli.fake_backend import serve

    serve(fake, int(context.url.rpartition(":")[2]) if context.url else 0)
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: len(fake.bodies) > 0 and fake.storage.objects)
        await shown.until(lambda: not shown.screen.parts.files.outbox())

    [asked] = [body for body in fake.bodies if "prompt" in body]
    assert [path.rpartition("/")[2] for path in asked["attachments"]] == ["my photo.png"]


async def test_a_file_removed_before_it_is_sent_is_told_and_the_prompt_given_back(
    held: threading.Event, fake: FakeBackend, context: Context, folder: Path, photo: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.ask("First?")
        await shown.until(lambda: shown.texts[-1:] == ["Paris"])
        await ask_with(shown, photo, "Second?")
        await shown.see("queued", "my photo.png · PNG")
        os.unlink(photo)
        held.set()
        await shown.until(lambda: shown.screen.composer.text == "Second?")
        assert chips(shown) == ["my photo.png"]
        assert any("There is no file" in note for note in shown.notices)

    assert not fake.storage.objects


async def test_files_of_a_prompt_that_is_refused_do_not_stay_in_the_storage(
    fake: FakeBackend, context: Context, folder: Path, photo: Path
) -> None:
    refusal = {"error": {"code": "invalid_request", "message": "It takes no pictures."}}
    fake.failing["/functions/v1/chat-request"] = (422, refusal)
    async with shown_app(context, folder) as shown:
        await ask_with(shown, photo)
        await shown.until(lambda: shown.screen.composer.text == "What is it?")
        await shown.until(lambda: fake.seen["DELETE /storage/v1/object/user_assets"] == 1)
        assert chips(shown) == ["my photo.png"]

    assert not fake.storage.objects


async def test_an_edited_question_keeps_its_files(
    fake: FakeBackend, context: Context, folder: Path, photo: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_with(shown, photo)
        await answered(shown)
        await shown.pilot.press("ctrl+up", "k", "e")
        await shown.until(lambda: chips(shown) == ["my photo.png"])
        await shown.ask("What colour?")
        await shown.until(lambda: shown.texts[:1] == ["What colour?"])

    assert fake.bodies[-1]["attachments"] == list(fake.storage.objects)


async def test_what_is_picked_is_kept_with_the_draft(
    context: Context, folder: Path, photo: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.ask("/attach my photo.png")
        await shown.until(lambda: chips(shown))
        await shown.pilot.press("ctrl+q")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: chips(shown) == ["my photo.png"])


async def test_a_picture_is_drawn_in_blocks_and_kept_as_a_small_one(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = add_question(fake, "red.png", data=drawn("PNG", (2000, 1000)), kind="image/png")
    async with shown_app(context, folder, chat=chat) as shown:
        await shown.see("red.png · PNG", "▀" * 10)
        assert all(line.count("▀") <= 100 for line in shown.page.splitlines())
        assert 2 <= sum("▀" in line for line in shown.page.splitlines()) <= 16
    [kept] = (folder / "cache" / "pictures").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert max(opened(kept.read_bytes()).size) == 1024

    async with shown_app(context, folder, chat=chat) as shown:
        await shown.see("▀" * 10)
    assert sum(count for key, count in fake.seen.items() if "authenticated" in key) == 1


async def test_a_picture_is_never_fetched_from_an_address(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = add_question(fake, "red.png", data=drawn(), kind="image/png")
    [noted] = fake.tables["messages"][0]["metadata"]["attachments"]
    noted["path"] = f"{fake.url}/storage/v1/object/authenticated/user_assets/{noted['path']}"
    async with shown_app(context, folder, chat=chat) as shown:
        await shown.see("red.png is not shown: It does not lie in the folder of a chat.")

    assert not [key for key in fake.seen if "authenticated" in key]


async def test_a_picture_that_cannot_be_shown_says_why_in_one_line(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = add_question(fake, "broken.png", data=drawn()[:50], kind="image/png")
    async with shown_app(context, folder, chat=chat) as shown:
        await shown.see("broken.png is not shown: The picture cannot be read.")


async def test_with_pictures_turned_off_only_their_names_are_shown(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    from pocketllm_cli.tui.options import TerminalOptions

    chat = add_question(fake, "red.png", data=drawn(), kind="image/png")
    options = TerminalOptions(is_still=True, pictures=False)
    async with shown_app(context, folder, chat=chat, options=options) as shown:
        await shown.see("red.png · PNG")
        assert "▀" not in shown.page

    assert not [key for key in fake.seen if "/storage/" in key]


async def test_a_file_is_saved_by_name_and_replaces_nothing_unasked(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = add_question(fake, "a.txt", "b.txt", kind="text/plain")
    noted = fake.tables["messages"][0]["metadata"]["attachments"]
    noted[1]["name"] = "../../.b\x1b[2J.txt"
    (folder / "b[2J.txt").write_text("mine")
    async with shown_app(context, folder, chat=chat) as shown:
        await shown.see("a.txt · text")
        await shown.pilot.press("ctrl+up", "a")
        await shown.until(lambda: shown.place == "Choose")
        await shown.pilot.press("down", "enter")
        await shown.until(lambda: shown.place == "Choose" and "Save it" in shown.page)
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.place == "AskLine")
        suggested = Path(shown.app.screen.query_one(Input).value)
        assert suggested.parent == folder
        assert "\x1b" not in suggested.name
        shown.app.screen.query_one(Input).value = "b[2J.txt"
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.place == "Confirm")
        await shown.pilot.press("escape")
        await shown.until(lambda: shown.place == "ChatScreen")
        assert (folder / "b[2J.txt").read_text() == "mine"
        await shown.ask("/files")
        await shown.until(lambda: shown.place == "Choose")
        await shown.pilot.press("enter")
        await shown.until(lambda: "Save it" in shown.page)
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.place == "AskLine")
        await shown.pilot.press("enter")
        await shown.until(lambda: (folder / "a.txt").exists())

    assert (folder / "a.txt").read_text() == "hello"
