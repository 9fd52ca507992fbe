"""How files look in the terminal app: chips above the composer, a picture under its question.

After a change that is meant: `python -m pytest tests/pocketllm_cli/tui/test_picture_snapshots.py
--snapshot-update`, and look at the pictures in tests/snapshots.
"""

import io
from pathlib import Path

from PIL import Image

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app
from tests.pocketllm_cli.tui.pictures import SMALL, Pictures
from tests.pocketllm_cli.tui.test_attaching import add_question


def stripes() -> bytes:
    """A picture whose parts can be told apart."""
    picture = Image.new("RGB", (240, 120), "#205080")
    picture.paste("#e0c040", (80, 0, 160, 120))
    picture.paste("#a03030", (160, 60, 240, 120))
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


async def test_a_question_with_files_and_chips_for_the_next(
    fake: FakeBackend, context: Context, folder: Path, pictures: Pictures
) -> None:
    (folder / "report.pdf").write_bytes(b"%PDF-1.7" + b" " * 34_000)
    (folder / "flag.png").write_bytes(stripes())
    chat = add_question(fake, "flag.png", data=stripes(), kind="image/png")
    fake.add_message(chat, "assistant", "Blue, yellow and red.", model="gpt-5")
    async with shown_app(context, folder, size=SMALL, chat=chat) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.until(lambda: shown.screen.status.model == "gpt")
        for name in ("report.pdf", "flag.png"):
            await shown.ask(f"/attach {name}")
        await shown.see("▀" * 20, "report.pdf 34 KB", "Blue, yellow")
        await pictures.compare(shown, "full")
