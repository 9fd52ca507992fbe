"""The part of the chat screen that deals in files: picked for a prompt, shown, saved."""

from collections.abc import Sequence
from pathlib import Path

from textual import getters, on, work

from pocketllm_cli.errors import PocketLLMError, UsageProblem
from pocketllm_cli.models import Turn
from pocketllm_cli.sanitize import clean_text
from pocketllm_cli.tui.messages import (
    CopyWanted,
    DetachWanted,
    FileChosen,
    PathsPasted,
)
from pocketllm_cli.tui.picked_files import PickedFile
from pocketllm_cli.tui.screens.app_screen import told
from pocketllm_cli.tui.screens.deeds import DeedsScreen
from pocketllm_cli.tui.screens.saving import save_file
from pocketllm_cli.tui.widgets.attachment_chips import told as told_file
from pocketllm_cli.tui.widgets.composer import Composer


class AttachingScreen(DeedsScreen):
    """Picks files, hands out pictures, saves what went with a question."""

    composer = getters.query_one(Composer)

    def pick(self, paths: Sequence[Path]) -> list[PickedFile]:
        """Let files go with the prompt that is being written, and return those that do."""
        picked: list[PickedFile] = []
        for path in paths:
            try:
                file = PickedFile.at(path)
            except PocketLLMError as error:
                self.tell_failure("attach the file", error)
                continue
            if file.path not in {each.path for each in self.composer.files}:
                self.composer.files = (*self.composer.files, file)
            picked.append(file)
        return picked

    def tell_failure(self, deed: str, error: PocketLLMError) -> None:
        """Show what went wrong on this machine, which says nothing about the backend."""
        self.tell(f"Could not {deed}: {told(error)}", is_failure=True)

    def with_named(
        self, files: tuple[PickedFile, ...], paths: Sequence[Path]
    ) -> tuple[PickedFile, ...]:
        """Return the files of a prompt and those that its text names.

        Raises:
            UsageProblem: One is gone, or no model takes one of its kind, or there are too many.
            LocalFileProblem: One cannot be read.
        """
        named = [PickedFile.at(path) for path in paths]
        known = {file.path for file in files}
        for file in files:
            if not file.stored:
                PickedFile.at(Path(file.path))  # it may have been removed since it was picked
        wanted = (*files, *(file for file in named if file.path not in known))
        from pocketllm_cli.attachables import MOST_FILES

        if len(wanted) > MOST_FILES:
            raise UsageProblem(f"At most {MOST_FILES} files go with one question.")
        return wanted

    @on(PathsPasted)
    def _take_paths(self, event: PathsPasted) -> None:
        """Attach files that were picked, or dropped; text that was pasted may be meant as text."""
        if not event.text:
            self.pick(event.paths)
            return
        try:
            is_text = all(PickedFile.at(path).media_type == "text/plain" for path in event.paths)
        except PocketLLMError:
            is_text = True  # of no kind that can be attached: the words were meant
        if is_text:
            self.composer.area.insert(clean_text(event.text.strip(), for_terminal=False))
            self.tell("To attach the file of this name: /attach and its path.")
        else:
            self.pick(event.paths)

    def attach_named(self, name: str) -> None:
        """Attach a file by the path behind `/attach`, or begin to name one."""
        path = name.strip().strip("'\"")
        if path:
            self.pick([self.parts.folder / Path(path).expanduser()])
        else:
            self.tell("Write the path behind it: /attach photo.jpg")

    @on(DetachWanted)
    @work(group="detach", exclusive=True)
    async def _take_away(self) -> None:
        files = self.composer.files
        place = len(files) - 1
        if len(files) > 1:
            from pocketllm_cli.tui.screens.dialogs import Choose

            choices = [(str(number), told_file(file)) for number, file in enumerate(files)]
            chosen = await self.app.push_screen_wait(Choose("Remove which file?", choices))
            if chosen is None:
                return
            place = int(chosen)
        self.composer.files = tuple(file for number, file in enumerate(files) if number != place)

    @work(group="files", exclusive=True)
    async def show_files(self, turns: Sequence[Turn]) -> None:
        """List the files that went with questions; one can be saved, or its path copied."""
        files = [file for turn in turns for file in turn.message.attachments if file.path]
        if not files:
            self.tell("No files went with it.")
            return
        from pocketllm_cli.tui.screens.dialogs import Choose
        from pocketllm_cli.tui.widgets.attached_files import described

        file = files[0]
        if len(files) > 1:
            choices = [(str(number), described(each)) for number, each in enumerate(files)]
            chosen = await self.app.push_screen_wait(Choose("Which file?", choices))
            if chosen is None:
                return
            file = files[int(chosen)]
        deeds = [("save", "Save it on this machine"), ("copy", "Copy its path in the storage")]
        deed = await self.app.push_screen_wait(Choose(described(file), deeds))
        if deed == "copy":
            self.post_message(CopyWanted(file.path, "the path"))
        elif deed == "save":
            await save_file(self, file.path, file.name)

    @on(FileChosen)
    def _take_stored(self, event: FileChosen) -> None:
        """Let a file that is stored already go with the prompt."""
        event.stop()  # the app would hand it on to us once more
        if event.file not in self.composer.files:
            self.composer.files = (*self.composer.files, event.file)
        self.set_focus(self.composer.area)
