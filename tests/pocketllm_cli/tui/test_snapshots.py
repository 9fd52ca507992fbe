"""How the chat screen looks in each state, and what opens over it.

After a change that is meant: `make snapshots`, and look at the pictures in tests/snapshots.
"""

import threading
from pathlib import Path

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app
from tests.pocketllm_cli.tui.pictures import SMALL, Pictures

ANSWER = """\
Oslo has **three** that are worth a day:

| Museum | Closed |
|---|---|
| Munch | Monday |
| Fram | never |

1. Buy the *pass* at [the station](https://visit.example/pass).
2. Then:

```python
def route(stops: list[str]) -> str:
    return " -> ".join(sorted(stops))
```
"""


def fill(fake: FakeBackend) -> None:
    for title, used in (
        ("Museums in Oslo", "2026-01-02T09:00:00+00:00"),
        ("表计算 spreadsheets 🧮", "2026-01-02T08:00:00+00:00"),
        ("A commit message for the parser", "2026-01-01T20:00:00+00:00"),
        ("[/bold] is no markup", "2025-11-20T20:00:00+00:00"),
    ):
        fake.add_chat(title, f"{len(fake.tables['chats']):08}-0000-4000-8000-000000000000", used)
    chat = fake.tables["chats"][0]
    fake.add_message(chat["id"], "user", "Which museums?\nI have a day.")
    fake.add_message(
        chat["id"],
        "assistant",
        ANSWER,
        model="gpt-5",
        input_tokens=420,
        output_tokens=96,
        cost_usd=0.0021,
        sources=[{"title": "Visit Oslo", "url": "https://visit.example/museums"}],
    )
    fake.add_message(chat["id"], "user", "And in the evening?")
    error = {"code": "provider_busy", "message": "The provider is busy."}
    fake.add_message(
        chat["id"], "assistant", "There is", model="gpt-5", status="incomplete", error=error
    )


async def until_ready(shown: Shown) -> None:
    await shown.until(lambda: shown.screen.status.connection == "online")
    await shown.until(lambda: shown.screen.status.model == "gpt")


async def test_with_nothing_yet_and_while_an_answer_is_written(
    held: threading.Event, context: Context, folder: Path, pictures: Pictures
) -> None:
    async with shown_app(context, folder, size=SMALL) as shown:
        await until_ready(shown)
        await pictures.compare(shown, "nothing yet")
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts[-1:] == ["Paris"])
        await shown.ask("And then?")
        await shown.until(lambda: shown.texts[-1:] == ["And then?"])
        await pictures.compare(shown, "writing and queued")


async def test_while_a_chat_is_read(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fill(fake)
    fake.hanging.add("/rest/v1/messages")
    async with shown_app(context, folder, size=SMALL, chat="last") as shown:
        await until_ready(shown)
        await pictures.compare(shown, "being read")


async def test_with_a_chat_and_the_dialogs_over_it(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fill(fake)
    fake.add_model("claude", model="claude-sonnet-4-5")
    async with shown_app(context, folder, size=SMALL, chat="last") as shown:
        await shown.until(lambda: len(shown.texts) == 4)
        await until_ready(shown)
        await shown.until(lambda: shown.screen.conversation.scroll_y > 0)
        await pictures.compare(shown, "full")
        await shown.pilot.press("ctrl+r")
        await shown.until(lambda: shown.place == "AskLine")
        await pictures.compare(shown, "rename")
        await shown.pilot.press("escape", "ctrl+l")
        await shown.until(lambda: shown.place == "Choose")
        await pictures.compare(shown, "model")
        for theme in ("dark", "light"):  # it takes its colours when it is opened
            await shown.pilot.press("escape")
            shown.app.theme = theme
            await shown.pilot.press("ctrl+p")
            await shown.see("Begin a new chat")
            await pictures.compare(shown, "palette", [theme])


async def test_while_commands_and_files_are_offered_and_chats_are_searched(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fill(fake)
    hit = {"id": "f", "chat_id": fake.tables["chats"][3]["id"], "message_id": "m", "role": "user"}
    hit |= {"title": "[/bold] is no markup", "snippet": "My \x02zebra\x03 is ill", "score": 1.0}
    fake.results["search_messages"] = [{**hit, "created_at": "2025-11-20T20:00:00+00:00"}]
    (folder / "notes.txt").write_text("notes")
    async with shown_app(context, folder, size=SMALL) as shown:
        await until_ready(shown)
        await shown.type("/")
        await shown.see("/rename")
        await pictures.compare(shown, "commands")
        await shown.pilot.press("backspace")
        await shown.type("@no")
        await shown.see("notes.txt")
        await pictures.compare(shown, "files")
        await shown.pilot.press("escape", *["backspace"] * 3)
        await shown.pilot.press("ctrl+s", *"zebra")
        await shown.see("In messages")
        await pictures.compare(shown, "search")
        fake.results["search_messages"] = []
        await shown.type("s")
        await shown.see("Nothing found")
        await pictures.compare(shown, "nothing found")


async def test_without_a_backend(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    fake.stop()
    async with shown_app(context, folder, size=SMALL) as shown:
        await shown.until(lambda: shown.screen.status.connection.startswith("offline"))
        await shown.until(lambda: shown.screen.conversation.has_class("-failing"))
        await pictures.compare(shown, "failing")
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts == ["Where?"])
        await pictures.compare(shown, "waiting")
