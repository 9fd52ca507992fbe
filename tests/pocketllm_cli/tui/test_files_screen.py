"""The files screen: listed, filtered, previewed, saved, uploaded, attached, analysed, removed."""

from pathlib import Path

import pytest

from pocketllm_cli.models import Chat, Context, StoredFile
from pocketllm_cli.tui.file_lines import ORDERS, chosen_lines, lines_of
from pocketllm_cli.tui.live import JobTouched
from pocketllm_cli.tui.messages import Moved
from pocketllm_cli.tui.screens.files import FilesScreen
from tests.pocketllm_cli.drawn import drawn
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app
from tests.pocketllm_cli.tui.test_attaching import MY_ID, add_question

WIDE = (100, 30)


def add_file(fake: FakeBackend, chat_id: str, name: str, data: bytes, kind: str) -> str:
    path = f"private/user_files/{MY_ID}/{chat_id}/{name}"
    fake.storage.objects[path] = kind, data
    return path


@pytest.fixture
def chat_id(fake: FakeBackend) -> str:
    """A chat with a picture that a question shows, and a text that none does."""
    chat_id = add_question(fake, "flag.png", data=drawn(size=(200, 100)), kind="image/png")
    add_file(fake, chat_id, "notes.md", b"# Notes\n\nswordfish", "text/markdown")
    return chat_id


async def go_to(shown: Shown, name: str) -> None:
    """Open the screen with the cursor on one file."""
    await shown.pilot.press("f11")
    await shown.until(lambda: shown.place == "FilesScreen")
    await shown.see("newest first")
    await shown.pilot.press("slash")
    await shown.paste(name)
    await shown.see("1 file of all chats")
    await shown.pilot.press("enter")


async def test_without_files_it_says_how_to_bring_one(context: Context, folder: Path) -> None:
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f11")
        await shown.see("You have no files yet.", "upload", "/attach")


async def test_files_of_all_chats_are_listed_filtered_and_sorted(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    other = fake.add_chat("Norway")["id"]
    add_file(fake, other, "漢字.pdf", b"%PDF" * 500, "application/pdf")
    add_file(fake, "99999999-1111-4111-8111-111111111111", "left.txt", b"x", "text/plain")
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f11")
        await shown.see("flag.png", "漢字.pdf", "(deleted chat)", "4 files of all chats")
        await shown.pilot.press("slash")
        await shown.paste("norway pdf")
        await shown.see("1 file of all chats")
        await shown.pilot.press("ctrl+u")
        await shown.paste("nothing like it")
        await shown.see("No file fits.")
        await shown.pilot.press("ctrl+u", "enter", "t", "t")
        await shown.see("largest first")
        screen = shown.app.screen
        assert isinstance(screen, FilesScreen)
        screen.table.move_cursor(row=0)
        await shown.pilot.press("c")
        await shown.see("1 file of “Norway”")
        await shown.pilot.press("c")
        await shown.see("4 files of all chats")


async def test_a_picture_and_a_text_are_previewed_and_a_pdf_says_what_to_do(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    add_file(fake, chat_id, "report.pdf", b"%PDF", "application/pdf")
    add_file(fake, chat_id, "huge.log", b"x" * 2_000_000, "text/plain")
    previews = {
        "flag": "▀" * 15,
        "notes": "swordfish",
        "report": "save it to open it",
        "huge": "It cannot be shown: The file has more than",
    }
    async with shown_app(context, folder, size=WIDE) as shown:
        for name, text in previews.items():
            await go_to(shown, name)
            await shown.pilot.press("enter")
            await shown.see(text)
            await shown.pilot.press("escape", "escape")
    assert not [path for path in (folder / "cache" / "pictures").iterdir() if path.suffix != ".png"]


async def test_a_file_is_attached_to_what_is_being_written(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.paste("And")
        await go_to(shown, "notes")
        await shown.pilot.press("a")
        await shown.until(lambda: shown.place == "ChatScreen")
        await shown.see("notes.md 18 B")
        await shown.paste(" this?")
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.screen.current.stored)

    path = f"private/user_files/{MY_ID}/{chat_id}/notes.md"
    assert next(b for b in fake.bodies if "attachments" in b)["attachments"] == [path]
    assert path in fake.storage.objects


async def test_a_file_is_uploaded_to_a_chat_and_saved_from_it(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    (folder / "list.txt").write_text("eggs")
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f11")
        await shown.see("flag.png")
        await shown.pilot.press("u")
        await shown.until(lambda: shown.place == "AskLine")
        await shown.paste("list.txt")
        await shown.pilot.press("enter")
        await shown.see("To which chat?")
        await shown.pilot.press("enter")
        await shown.see("list.txt")
        await shown.pilot.press("slash")
        await shown.paste("list")
        await shown.see("1 file of all chats")
        await shown.pilot.press("enter", "s")
        await shown.until(lambda: shown.place == "AskLine")
        await shown.paste("copy.txt")
        await shown.pilot.press("enter")
        await shown.until(lambda: (folder / "copy.txt").exists())
    assert (folder / "copy.txt").read_text() == "eggs"


async def test_a_document_is_analysed_and_its_summary_shown_and_not_made_twice(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    async with shown_app(context, folder, size=WIDE) as shown:
        await go_to(shown, "notes")
        await shown.pilot.press("z")
        await shown.see("notes.md, in short", "Waiting for a worker", "goes on without you")
        [job] = fake.tables["jobs"]
        path = f"private/user_files/{MY_ID}/{chat_id}/notes.md"
        assert (job["job_type"], job["input_data"]) == ("file_analysis", {"path": path})
        await shown.pilot.press("escape")
        await shown.see("1 file of all chats")
        told = {"path": path, "summary": "A note about\na [b]fish[/b].", "model": "gpt"}
        made = told | {"characters": 2000, "read_characters": 1500}
        job |= {"status": "completed", "attempt": 1, "output_data": made}
        await shown.pilot.press("z")
        await shown.see("By gpt, of the first 1,500 of 2,000", "A note about", "a [b]fish[/b].")

    assert len(fake.tables["jobs"]) == 1


async def test_an_analysis_that_failed_says_why_and_is_asked_for_anew(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    async with shown_app(context, folder, size=WIDE) as shown:
        await go_to(shown, "notes")
        await shown.pilot.press("z")
        await shown.see("Waiting for a worker")
        [job] = fake.tables["jobs"]
        job |= {"status": "failed", "error_log": "This model config has no key."}
        shown.screen.post_message(Moved(JobTouched(job["id"])))
        await shown.see("It was not made: This model config has no key.")
        await shown.pilot.press("escape", "z")
        await shown.see("Waiting for a worker")

    assert [row["status"] for row in fake.tables["jobs"]] == ["failed", "pending"]


async def test_a_picture_and_a_refusal_have_nothing_analysed(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    fake.failing["/rest/v1/jobs"] = (429, {"code": "PT429", "message": "You have too many jobs."})
    async with shown_app(context, folder, size=WIDE) as shown:
        await go_to(shown, "flag")
        await shown.pilot.press("z")
        await shown.until(lambda: any("this is a picture" in note for note in shown.notices))
        await shown.pilot.press("escape")
        await go_to(shown, "notes")
        await shown.pilot.press("z")
        await shown.until(lambda: any("too many jobs" in note for note in shown.notices))

    assert fake.tables["jobs"] == []


async def test_removing_a_file_says_first_what_would_break(
    fake: FakeBackend, context: Context, folder: Path, chat_id: str
) -> None:
    breaks = {"notes": "No message of its chat", "flag": "A message of “With files”"}
    async with shown_app(context, folder, size=WIDE) as shown:
        for left, (name, told) in zip((1, 0), breaks.items(), strict=True):
            await go_to(shown, name)
            await shown.pilot.press("x")
            await shown.see(told)
            await shown.pilot.press("enter", "x")  # on the first button, which does not
            await shown.see("for good?")
            assert len(fake.storage.objects) == left + 1
            await shown.pilot.press("tab", "enter", "escape")
            await shown.until(lambda: len(fake.storage.objects) == left)  # noqa: B023


def test_a_file_of_no_chat_is_not_listed_and_every_order_lists_all() -> None:
    chat = Chat("c" * 36, "Norway", None, "", "")
    files = [
        StoredFile(f"private/user_files/me/{chat.id}/b.png", 2, "image/png", "2026-01-01"),
        StoredFile(f"private/user_files/me/{chat.id}/a.txt", None, None, None),
        StoredFile("private/generated_images/me/job.png", 1, "image/png", None),
    ]
    lines = lines_of(files, [chat])

    assert len(lines) == 2
    for order in ORDERS:
        assert len(chosen_lines(lines, text="", order=order)) == 2
    names = [line.name for line in chosen_lines(lines, text="", order="by name")]
    assert names == ["a.txt", "b.png"]
