"""The files that go with the prompt that is being written, each a chip above it."""

from collections.abc import Sequence
from typing import Final

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.picked_files import PickedFile

_LONGEST: Final = 32


class AttachmentChips(Static):
    """Shows names and sizes; nothing while there are no files."""

    DEFAULT_CSS = """
    AttachmentChips { height: auto; padding: 0 1; display: none; }
    AttachmentChips.-any { display: block; }
    """

    files: reactive[tuple[PickedFile, ...]] = reactive(())
    """What goes along, in the order it was picked."""

    def __init__(self) -> None:
        super().__init__(id="chips", markup=False)
        self.removal_key = ""
        """The key that takes one away, as people write it."""

    def watch_files(self, files: Sequence[PickedFile]) -> None:
        self.set_class(bool(files), "-any")
        chips = [Content.styled(f" {told(file)} ", "$text on $primary-muted") for file in files]
        hint = Content.styled(f" {self.removal_key} removes", "$text-muted")
        self.update(Content(" ").join([*chips, hint]) if files else "")


def told(file: PickedFile) -> str:
    """Return a file as one reads it: its name, cut in the middle, and its size."""
    name = clean_line(file.name)
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 12]}…{name[-11:]}"
    return f"{name} {size_told(file.size)}"
