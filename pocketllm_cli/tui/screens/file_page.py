"""One stored file, as large as the screen: a picture drawn, a text to be read, else what it is."""

import secrets
from typing import Final

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from pocketllm_cli.errors import LocalFileProblem, PocketLLMError
from pocketllm_cli.file_kinds import is_picture
from pocketllm_cli.models import AttachedFile
from pocketllm_cli.private_files import make_private_folder
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.keys import bind, key_of
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import TextRead
from pocketllm_cli.tui.widgets.attached_files import described
from pocketllm_cli.tui.widgets.picture import PictureView

_MOST_BYTES: Final = 1024 * 1024
"""What is fetched of a text at most."""
_MOST_SHOWN: Final = 100_000
"""Letters of a text that are shown."""
_ROWS_AROUND: Final = 4


class FilePage(ModalScreen[None]):
    """Shows a file until Escape; dismisses with nothing.

    Args:
        about: What is told below its name: a prompt, a chat.
    """

    CSS_PATH = "file_page.tcss"
    BINDINGS = [bind("place.back", "back"), bind("files.open", "back")]

    body = getters.query_one(VerticalScroll)

    def __init__(self, parts: Parts, file: AttachedFile, about: str = "") -> None:
        super().__init__()
        self._parts, self._file, self._about = parts, file, clean_line(about)

    def compose(self) -> ComposeResult:
        file, back = self._file, key_of("place.back", self._parts.options.keys)
        with Vertical():
            yield Static(Content(described(file)), classes="heading", markup=False)
            yield Static(Content(self._about), classes="about", markup=False)
            with VerticalScroll():
                if not is_picture(file.media_type):
                    yield Static(id="text", markup=False)
                elif self._parts.options.pictures:
                    rows = max(1, self.app.size.height - _ROWS_AROUND)
                    yield PictureView(file, most_rows=rows)
                else:
                    yield Static("The settings say that no pictures are drawn.", markup=False)
            yield Static(Content(f"{back} goes back."), classes="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(".about").display = bool(self._about)
        self.body.focus()
        if self._file.media_type.startswith("text/"):
            self._say("Reading …")
            self.read()
        elif not is_picture(self._file.media_type):
            self._say("There is no preview of such a file: save it to open it.")

    def on_resize(self) -> None:
        for view in self.query(PictureView):
            view.fit_rows(max(1, self.size.height - _ROWS_AROUND))

    @work(group="read", exclusive=True)
    async def read(self) -> None:
        """Fetch the text."""
        try:
            text = await read_text(self._parts, self._file.path)
        except PocketLLMError as error:
            self.post_message(TextRead(f"It cannot be shown: {clean_line(error.message)}"))
        else:
            self.post_message(TextRead(text))

    @on(TextRead)
    def _show(self, event: TextRead) -> None:
        self._say(event.text)

    def _say(self, text: str) -> None:
        self.query_one("#text", Static).update(Content(text))

    def action_back(self) -> None:
        self.dismiss(None)


async def read_text(parts: Parts, path: str) -> str:
    """Return the text of a stored file, harmless, and cut where it is very long.

    Raises:
        PocketLLMError: It cannot be fetched, or has too many bytes.
    """
    data = await _fetch(parts, path)
    text = clean_text(data.decode("utf-8", "replace"))
    if len(text) <= _MOST_SHOWN:
        return text or "The file is empty."
    return f"{text[:_MOST_SHOWN]}\n\n… and more: save the file to read all of it."


async def _fetch(parts: Parts, path: str) -> bytes:
    folder = parts.pictures.folder
    place = folder / f".{secrets.token_hex(8)}"
    try:
        make_private_folder(folder)
        await parts.api.files.download(path, place, most_bytes=_MOST_BYTES)
        return place.read_bytes()
    except OSError as error:
        raise LocalFileProblem(f"It could not be kept: {error.strerror}.") from error
    finally:
        place.unlink(missing_ok=True)
