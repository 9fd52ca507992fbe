"""How the chat screen looks: in each state, at two sizes, dark and light.

After a change that is meant: `python -m pytest tests/pocketllm_cli/tui/test_snapshots.py
--snapshot-update`, and look at the pictures in tests/snapshots.
"""

from pathlib import Path

from syrupy.assertion import SnapshotAssertion

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app
from tests.pocketllm_cli.tui.pictures import compare

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


async def test_with_nothing_yet(
    fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    async with shown_app(context, folder, size=(80, 24)) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.until(lambda: shown.screen.status.model == "gpt")
        await compare(shown, pictures)


async def test_while_a_chat_is_read(
    fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    fill(fake)
    fake.hanging.add("/rest/v1/messages")
    async with shown_app(context, folder, size=(80, 24), chat="last") as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.until(lambda: shown.screen.status.model == "gpt")
        await compare(shown, pictures)


async def test_with_a_chat(
    fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    fill(fake)
    async with shown_app(context, folder, size=(80, 24), chat="last") as shown:
        await shown.until(lambda: len(shown.texts) == 4)
        await shown.until(lambda: shown.screen.status.model == "gpt")
        await shown.until(lambda: shown.screen.conversation.scroll_y > 0)
        await compare(shown, pictures)


async def test_without_a_backend(
    fake: FakeBackend, context: Context, folder: Path, pictures: SnapshotAssertion
) -> None:
    fake.stop()
    async with shown_app(context, folder, size=(80, 24)) as shown:
        await shown.until(lambda: shown.screen.status.connection.startswith("offline"))
        await shown.until(lambda: shown.screen.conversation.has_class("-failing"))
        await compare(shown, pictures)
