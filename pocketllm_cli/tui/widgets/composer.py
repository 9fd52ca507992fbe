"""Where prompts are written: it grows with the text, completes, remembers and hands over."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, TextArea
from textual.widgets.option_list import Option

from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.file_names import (
    as_mention,
    is_text_file,
    mention_at_end,
    paths_beginning,
)
from pocketllm_cli.tui.graphemes import boundary_after, boundary_before
from pocketllm_cli.tui.keys import bind, keys_of
from pocketllm_cli.tui.messages import (
    CommandWritten,
    DetachWanted,
    EditorWanted,
    PathsPasted,
    PromptWritten,
)
from pocketllm_cli.tui.picked_files import PickedFile, paths_in
from pocketllm_cli.tui.slash_commands import SLASH_COMMANDS, commands_beginning, parse_command
from pocketllm_cli.tui.widgets.attachment_chips import AttachmentChips
from pocketllm_cli.tui.widgets.placeholder import placeholder_for

_BINDINGS: Final = (
    bind("composer.detach", "detach"),  # first: those behind it win a key that both were given
    bind("composer.send", "send"),
    bind("composer.newline", "newline"),
    bind("composer.complete", "complete"),
    bind("composer.files", "files"),
    bind("composer.editor", "editor"),
)


class PromptArea(TextArea):
    """The text itself; Enter is handed to the composer."""

    BINDINGS = [*_BINDINGS]

    def __init__(self, changed_keys: Mapping[str, str], *, is_still: bool) -> None:
        super().__init__(tab_behavior="focus", id="prompt")
        self.cursor_blink = not is_still
        self.take_keys(changed_keys)

    def take_keys(self, changed_keys: Mapping[str, str]) -> None:
        """Go by these keys from now on."""
        self._own_keys = {
            key: binding.action
            for binding in _BINDINGS
            for key in keys_of(str(binding.id), changed_keys)
        }
        self._changed_keys = changed_keys
        self._fit_placeholder()

    @on(events.Resize)
    def _fit_placeholder(self) -> None:
        self.placeholder = placeholder_for(self.content_size.width, self._changed_keys)

    async def _on_key(self, event: events.Key) -> None:
        """Take our keys here, in their order among the letters.

        As priority bindings they would overtake letters that were typed before them and are still
        on their way to this widget, so that a fast Enter sent nothing.
        """
        if action := self._own_keys.get(event.key):
            event.stop()
            event.prevent_default()
            await self.run_action(action)
        else:
            await super()._on_key(event)

    def get_cursor_left_location(self) -> tuple[int, int]:
        """Go, and delete, by what people see as one letter."""
        row, column = self.cursor_location
        if column == 0:
            return super().get_cursor_left_location()
        return row, boundary_before(self.document[row], column)

    def get_cursor_right_location(self) -> tuple[int, int]:
        """Go, and delete, by what people see as one letter."""
        row, column = self.cursor_location
        if column == len(self.document[row]):
            return super().get_cursor_right_location()
        return row, boundary_after(self.document[row], column)

    def action_send(self) -> None:
        self.query_ancestor(Composer).send()

    def action_newline(self) -> None:
        self.insert("\n")

    def action_complete(self) -> None:
        if not self.query_ancestor(Composer).complete():
            self.screen.focus_next()

    def action_files(self) -> None:
        before = self.get_text_range((0, 0), self.cursor_location)
        self.insert("@" if not before or before[-1].isspace() else " @")

    def action_editor(self) -> None:
        self.post_message(EditorWanted(self.text))

    def action_detach(self) -> None:
        self.post_message(DetachWanted())

    def action_delete_left(self) -> None:
        """In front of all text, the file picked last is what stands at the left."""
        composer = self.query_ancestor(Composer)
        if self.text or not composer.files:
            super().action_delete_left()
        else:
            composer.files = composer.files[:-1]

    def action_cursor_up(self, select: bool = False) -> None:
        composer = self.query_ancestor(Composer)
        if not composer.move_choice(-1) and not (
            self.cursor_at_first_line and not select and composer.recall(-1)
        ):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        composer = self.query_ancestor(Composer)
        if not composer.move_choice(1) and not (
            self.cursor_at_last_line and not select and composer.recall(1)
        ):
            super().action_cursor_down(select)

    async def _on_paste(self, event: events.Paste) -> None:
        """Take what is pasted as text, whatever it holds; it never sends.

        Files that are dropped on a terminal come as a paste of their paths.
        """
        event.prevent_default()
        event.stop()
        if paths := paths_in(event.text):
            self.post_message(PathsPasted(paths, event.text))
            return
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self.insert(clean_text(text, for_terminal=False))


class Composer(Vertical):
    """The prompt that is being written."""

    DEFAULT_CSS = """
    Composer {
        height: auto;
        & > #completions { height: auto; max-height: 8; border: none; display: none;
            background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-completing > #completions { display: block; }
        & > PromptArea {
            height: auto;
            min-height: 3;
            max-height: 12;
            border: round $surface-lighten-2;
            padding: 0 1;
            background: transparent;
            &:focus { border: round $primary; }
        }
    }
    """

    area = getters.query_one(PromptArea)
    choices = getters.query_one("#completions", OptionList)
    chips = getters.query_one(AttachmentChips)

    def __init__(
        self, folder: Path, changed_keys: Mapping[str, str], *, is_still: bool = False
    ) -> None:
        super().__init__(id="composer")
        self._folder = folder
        self._area = PromptArea(changed_keys, is_still=is_still)
        self._history: list[str] = []
        self._place = 0
        self._draft = ""

    def compose(self) -> ComposeResult:
        choices = OptionList(id="completions", markup=False)
        choices.can_focus = False
        yield choices
        yield AttachmentChips()
        yield self._area

    @property
    def text(self) -> str:
        """What is written."""
        return self.area.text

    @property
    def files(self) -> tuple[PickedFile, ...]:
        """What goes along with it."""
        return self.chips.files

    @files.setter
    def files(self, files: tuple[PickedFile, ...]) -> None:
        self.chips.files = files

    def put(self, text: str) -> None:
        """Write a text in place of what is there, with the cursor behind it."""
        self.area.load_text(text)
        self.area.move_cursor(self.area.document.end)
        self._place = len(self._history)

    def remember(self, prompts: list[str]) -> None:
        """Set what the arrow keys bring back at the edges, oldest first."""
        history = list(dict.fromkeys(reversed(prompts)))[::-1]
        if history != self._history:
            self._history, self._place = history, len(history)

    def recall(self, step: int) -> bool:
        """Go to another prompt of the history; False where there is none."""
        place = self._place + step
        if not self._history or not 0 <= place <= len(self._history):
            return False
        if self._place == len(self._history):
            self._draft = self.text
        text = self._draft if place == len(self._history) else self._history[place]
        self.put(text)
        self._place = place
        return True

    def send(self) -> None:
        """Hand over what is written, or take the completion that is offered for a command."""
        if self.has_class("-completing") and self.text.startswith("/") and self.complete():
            return
        text = self.text.strip()
        if not text:
            if self.files:
                self.notify("Write what you want to know about the files.", markup=False)
            return
        self.put("")
        if command := parse_command(text):
            self.post_message(CommandWritten(*command))
        else:
            self._history.append(text)
            self._place = len(self._history)
            files, self.files = self.files, ()
            self.post_message(PromptWritten(text, files))

    def complete(self) -> bool:
        """Take the completion that is chosen; False where none is offered."""
        if not self.has_class("-completing") or self.choices.highlighted is None:
            return False
        chosen = str(self.choices.get_option_at_index(self.choices.highlighted).id)
        area = self.area
        before = area.get_text_range((0, 0), area.cursor_location)
        typed = mention_at_end(before)
        if typed is None:
            is_whole = area.text == chosen
            area.load_text(chosen if is_whole else f"{chosen} ")
            area.move_cursor(area.document.end)
            self._offer([])
            return not is_whole
        row, column = area.cursor_location
        start = column - len(before) + before.rindex("@")
        path = self._folder / Path(chosen).expanduser()
        if not chosen.endswith("/") and not is_text_file(path):
            area.replace("", (row, start), (row, column))
            self.post_message(PathsPasted([path], ""))
            return True
        written = as_mention(chosen) + ("" if chosen.endswith("/") else " ")
        area.replace(written, (row, start), (row, column))
        return True

    def move_choice(self, step: int) -> bool:
        """Move among the completions; False where none is offered."""
        if not self.has_class("-completing"):
            return False
        if step > 0:
            self.choices.action_cursor_down()
        else:
            self.choices.action_cursor_up()
        return True

    def dismiss_completions(self) -> bool:
        """Offer no completions any more; False where none were."""
        was_offered = self.has_class("-completing")
        self._offer([])
        return was_offered

    @on(TextArea.Changed)
    def _look_for_completions(self) -> None:
        before = self.area.get_text_range((0, 0), self.area.cursor_location)
        typed = mention_at_end(before)
        if typed is not None:
            self._offer(paths_beginning(typed, self._folder))
        elif before.startswith("/") and " " not in before and "\n" not in before:
            self._offer(commands_beginning(before))
        else:
            self._offer([])

    def _offer(self, found: list[str]) -> None:
        self.set_class(bool(found), "-completing")
        if not found and not self.choices.option_count:
            return
        self.choices.clear_options()
        self.choices.add_options(Option(_as_row(each), id=each) for each in found)
        self.choices.highlighted = 0 if found else None


def _as_row(offered: str) -> Content:
    about = SLASH_COMMANDS.get(offered.removeprefix("/"), "") if offered[0] == "/" else ""
    row = Content(clean_line(offered))
    return row + Content.styled(f"  {about}", "$text-muted") if about else row
