"""The files that went with a question: a line for each, and the picture where it is one."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.file_kinds import is_picture, kind_told, size_told
from pocketllm_cli.models import AttachedFile
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.widgets.picture import PictureView


class AttachedFiles(Vertical):
    """Shows files as they are noted on a message.

    Args:
        with_pictures: Whether pictures are drawn.
    """

    DEFAULT_CSS = """
    AttachedFiles {
        height: auto;
        margin: 1 0 0 0;
        & > .file { color: $text-muted; height: auto; }
    }
    """

    def __init__(self, files: Sequence[AttachedFile], *, with_pictures: bool) -> None:
        super().__init__()
        self.files = list(files)
        self._with_pictures = with_pictures

    def compose(self) -> ComposeResult:
        for file in self.files:
            yield Static(Content(f"▪ {described(file)}"), classes="file", markup=False)
            if self._with_pictures and file.path and is_picture(file.media_type):
                yield PictureView(file)


def described(file: AttachedFile) -> str:
    """Return what a file is, in one line: its name, its kind, its size."""
    told = clean_line(kind_told(file.media_type))
    return " · ".join([clean_line(file.name), told, size_told(file.size)])
