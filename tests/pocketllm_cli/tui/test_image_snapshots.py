"""How pictures and files look on their screens, and a picture that was asked for in a chat.

After a change that is meant: `python -m pytest tests/pocketllm_cli/tui/test_image_snapshots.py
--snapshot-update`, and look at the pictures in tests/snapshots.
"""

from pathlib import Path

from pocketllm_cli.models import Context
from pocketllm_cli.tui.live import JobTouched
from pocketllm_cli.tui.messages import Moved
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app
from tests.pocketllm_cli.tui.pictures import NARROW, SMALL, Pictures
from tests.pocketllm_cli.tui.test_attaching import MY_ID, add_question
from tests.pocketllm_cli.tui.test_picture_snapshots import stripes

LARGE = (120, 40)
ALL = (SMALL, LARGE, NARROW)
DARK = ("dark",)


def add_jobs(fake: FakeBackend) -> None:
    """Have pictures in every state."""
    for words in ("A flag in the wind", "漢字 on a very long banner over a street", "[red]x[/red]"):
        fake.complete_job(fake.add_job(words), stripes())
    fake.add_job("Something refused", "failed", error_log="The provider refused the prompt.")
    fake.add_job("No key", "failed", error_log="Pictures of this provider need a key.")
    again = "2026-01-02T12:00:08+00:00"
    fake.add_job("A fox in snow", attempt=1, next_attempt_at=again)
    fake.add_job("An owl at night", "processing", attempt=2)


async def steady(shown: Shown) -> None:
    """Have nothing move that is no part of what is compared."""
    await shown.until(lambda: shown.screen.status.model == "gpt")
    await shown.until(lambda: shown.screen.status.connection == "online")


async def test_images_empty_and_full_and_one_large(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    async with shown_app(context, folder, size=SMALL) as shown:
        await steady(shown)
        await shown.pilot.press("f10")
        await shown.see("No pictures yet")
        await pictures.compare(shown, "empty", sizes=ALL)
        add_jobs(fake)
        await shown.pilot.resize_terminal(*LARGE)
        await shown.pilot.press("ctrl+r")
        await shown.see("An owl", "x[/red]", "▀" * 20)
        await shown.until(lambda: shown.page.count("▀" * 20) >= 18)
        await pictures.compare(shown, "full", sizes=ALL)
        await shown.pilot.resize_terminal(*LARGE)
        shown.app.screen.query_one("#gallery").focus()
        await shown.pilot.press("right", "right")
        await shown.see("F2 adds a key")
        await pictures.compare(shown, "failed", DARK, [LARGE, SMALL])
        await shown.pilot.press("end", "enter")
        await shown.see("a-flag-in-the-wind.png", "▀" * 24)
        await pictures.compare(shown, "large", sizes=[LARGE, SMALL])


async def test_files_full_filtered_and_previewed(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    chat = add_question(fake, "flag.png", data=stripes(), kind="image/png")
    other = fake.add_chat("漢字 [red]title[/red]")["id"]
    long = "a very long name of a report that nobody reads in one line, as it is long.pdf"
    for where, name, kind in (
        (chat, "notes.md", "text/markdown"),
        (other, long, "application/pdf"),
        (other, "漢字の名前.png", "image/png"),
        ("99999999-1111-4111-8111-111111111111", "left over.txt", "text/plain"),
    ):
        path = f"private/user_files/{MY_ID}/{where}/{name}"
        fake.storage.objects[path] = kind, b"# Notes\n\n[red]x[/red]\n" * 20
    async with shown_app(context, folder, size=SMALL) as shown:
        await steady(shown)
        await shown.pilot.press("f11")
        await shown.see("5 files of all chats")
        await pictures.compare(shown, "full", sizes=ALL)
        await shown.pilot.press("slash")
        await shown.paste("flag")
        await shown.see("1 file of all chats")
        await shown.pilot.press("enter", "x")
        await shown.see("as do forks")
        await pictures.compare(shown, "question", DARK)
        await shown.pilot.press("escape", "slash", "ctrl+u")
        await shown.paste("notes")
        await shown.pilot.press("enter", "enter")
        await shown.see("# Notes")
        await pictures.compare(shown, "a text", DARK)
        await shown.pilot.press("escape", "z")
        await shown.see("Waiting for a worker")
        [job] = fake.tables["jobs"]
        made = {"model": "gpt", "summary": "Notes: [red]x[/red], twenty times.\n\n漢字 nowhere."}
        job |= {"status": "completed", "output_data": made}
        shown.screen.post_message(Moved(JobTouched(job["id"])))
        await shown.see("By gpt", "twenty times")
        await pictures.compare(shown, "an analysis", DARK, [LARGE])


async def test_a_picture_in_a_chat_waiting_failed_and_there(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    chat = fake.add_chat("Foxes")["id"]
    words = {"failed": "no", "processing": "wait", "completed": "there"}
    for status, word in words.items():
        job = fake.add_job(f"a fox, {word}", status, attempt=2)
        if status == "completed":
            fake.complete_job(job, stripes())
        elif status == "failed":
            job["error_log"] = "The provider refused [b]the[/b] prompt."
        fake.add_message(chat, "user", f"/image a fox, {word}")
        fake.add_message(chat, "assistant", "[A picture]", job_id=job["id"])
    async with shown_app(context, folder, size=SMALL, chat=chat) as shown:
        await steady(shown)
        await shown.pilot.resize_terminal(*LARGE)
        await shown.see("At work", "refused [b]the[/b]", "▀" * 20)
        await pictures.compare(shown, "full")
