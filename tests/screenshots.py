"""`python -m tests.screenshots`: pictures of the terminal app for the README and the docs.

They are the same on every run: a backend of the tests, a clock that stands still.
"""

import asyncio
import io
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from PIL import Image

from pocketllm_cli.models import Context
from pocketllm_cli.tui.options import TerminalOptions
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend, serve
from tests.pocketllm_cli.tui.harness import shown_app
from tests.pocketllm_cli.tui.test_place_snapshots import fill_places

FOLDER: Final = Path(__file__).parents[1] / "docs" / "screenshots"
SIZE: Final = (100, 34)
_CHATS: Final = (
    ("Museums in Oslo", "2026-01-02T09:00:00+00:00"),
    ("A commit message", "2026-01-02T08:00:00+00:00"),
    ("Why is the sky blue?", "2026-01-01T20:00:00+00:00"),
    ("Bread without kneading", "2026-01-01T18:00:00+00:00"),
    ("Regular expressions", "2025-12-12T20:00:00+00:00"),
)
_PICTURES: Final = {
    "A lighthouse at dawn": ("#182848", "#f2b179", "#c0392b"),
    "Fields of barley": ("#87b5d9", "#e5c35b", "#8a6d1f"),
    "A fox in snow": ("#dfe9f2", "#b8c7d6", "#d9712b"),
    "The fjord in winter": ("#27496d", "#0c7b93", "#e8f1f5"),
    "A field of poppies": ("#9cc5e8", "#4b7d3a", "#d7263d"),
}
"""What each shows: a sky, a ground, a thing between."""
_DRAWN: Final = {"images": len(_PICTURES)}
_ANSWER: Final = """\
**Two** are worth a whole day:

| Museum | Closed |
|---|---|
| Munch | Monday |
| Fram | never |
"""
_CODE: Final = """\
Fram first, it opens earlier:

```python
def route(stops: list[str]) -> str:
    return " -> ".join(sorted(stops))
```
"""


async def write_screenshots(fake: FakeBackend, home: Path) -> list[Path]:
    """Write the pictures and return where."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = [await _write(fake, home, "chat", None, "dark")]
    written.append(await _write(fake, home, "chat-light", None, "light"))
    for place in ("models", "usage", "settings", "images"):
        written.append(await _write(fake, home, place, place, "dark"))
    written.append(await _write(fake, home / "nobody", "sign-in", None, "dark", token=None))
    return written


async def _write(
    fake: FakeBackend,
    home: Path,
    name: str,
    place: str | None,
    theme: str,
    *,
    token: str | None = "token",
) -> Path:
    context = Context("work", fake.url, KEY)
    options = TerminalOptions(is_still=True, theme=theme)
    chat = "last" if token else None
    async with shown_app(
        context, home, size=SIZE, options=options, token=token, chat=chat
    ) as shown:
        if token is None:
            await shown.until(lambda: shown.place == "SignInScreen")
        else:
            await shown.until(lambda: len(shown.texts) == 4 and shown.screen.status.model)
        if place is not None:
            shown.app.action_open(place)
            await shown.until(lambda: shown.place != "ChatScreen")
            await shown.until(lambda: not shown.app.screen.has_class("-noticed"))
            await shown.until(lambda: len(shown.app.screen.query(".drawn")) == _DRAWN.get(place, 0))
        shown.app.screen.set_focus(None)
        await shown.pilot.pause()
        path = FOLDER / f"{name}.svg"
        path.write_text(shown.app.export_screenshot(title="PocketLLM"), "utf-8")
        return path


def _fill_pictures(fake: FakeBackend) -> None:
    """Put pictures into a backend, one of them on its way and one that was refused."""
    for prompt, (sky, ground, thing) in _PICTURES.items():
        picture = Image.new("RGB", (240, 140), sky)
        picture.paste(ground, (0, 90, 240, 140))
        picture.paste(thing, (150, 50, 180, 100))
        target = io.BytesIO()
        picture.save(target, "PNG")
        fake.complete_job(fake.add_job(prompt), target.getvalue())
    fake.add_job("A map", "failed", attempt=1, error_log="The provider refused the prompt.")
    fake.add_job("A heron among reeds", "processing", attempt=1)


def _fill_chats(fake: FakeBackend) -> None:
    """Put chats into a backend, and names that look well."""
    fake.tables["model_configs"][1] |= {"has_key": True, "key_last4": "k3Qp"}
    fake.tables["model_configs"][2] |= {"name": "home", "model": "llama3.2:3b"}
    for title, used in _CHATS:
        fake.add_chat(title, used=used)
    chat = fake.tables["chats"][0]["id"]
    fake.add_message(chat, "user", "Which museums in Oslo are worth a day?")
    counts: dict[str, Any] = {"input_tokens": 420, "output_tokens": 96, "cost_usd": 0.0021}
    fake.add_message(chat, "assistant", _ANSWER, model="gpt-4.1-mini", **counts)
    fake.add_message(chat, "user", "Put them in an order.")
    fake.add_message(chat, "assistant", _CODE, model="gpt-4.1-mini", **counts)


def main() -> None:
    """Write the pictures anew."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    fake = FakeBackend()
    fake.add_model("gpt", is_default=True, has_key=True)
    fill_places(fake)
    _fill_chats(fake)
    _fill_pictures(fake)
    serve(fake)
    try:
        with tempfile.TemporaryDirectory() as home:
            for path in asyncio.run(write_screenshots(fake, Path(home))):
                print(path.relative_to(FOLDER.parents[1]))
    finally:
        fake.stop()


if __name__ == "__main__":
    main()
