"""A form of a few lines, checked and stored where it stands."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static, TextArea

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.config_fields import FieldProblem
from pocketllm_cli.tui.keys import bind, field_bindings
from pocketllm_cli.tui.messages import Failed
from pocketllm_cli.tui.place_messages import FormStored
from pocketllm_cli.tui.screens.app_screen import told
from pocketllm_cli.tui.widgets.field import Field

Values = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One field: what it is for, what stands in it, and what it may be."""

    name: str
    label: str
    read: Callable[[str], str | None]
    """Returns the value of what was typed, or raises FieldProblem."""
    value: str = ""
    hint: str = ""
    is_long: bool = False


class LinesForm(ModalScreen[bool]):
    """Dismisses with whether something was stored.

    Args:
        store: Stores the values, by the lines' names; what it raises is shown in the form.
    """

    CSS_PATH = ["dialogs.tcss", "form.tcss"]
    BINDINGS = [bind("dialog.cancel", "cancel"), bind("form.save", "save"), *field_bindings()]

    problem = getters.query_one("#problem", Static)

    def __init__(
        self, heading: str, lines: Sequence[Line], store: Callable[[Values], Awaitable[None]]
    ) -> None:
        super().__init__(classes="dialog form -short")
        self._heading, self._lines, self._store = heading, lines, store

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(Content(self._heading), classes="heading", markup=False)
            with VerticalScroll(can_focus=False):
                for line in self._lines:
                    yield Field(line.name, line.label, _control(line))
            yield Static(id="problem", markup=False)
            with Horizontal():
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Save", id="save", variant="primary", compact=True)

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_cancel()

    @on(Input.Submitted)
    def action_save(self) -> None:
        """Store it, if every field can be."""
        values: Values = {}
        wrong: list[Field] = []
        for line in self._lines:
            field = self.query_one(f"#field-{line.name}", Field)
            try:
                values[line.name] = line.read(_text(field))
                field.problem = ""
            except FieldProblem as problem:
                field.problem = str(problem)
                wrong.append(field)
        self.problem.update("")
        if wrong:
            wrong[0].control.focus()
        else:
            self.store(values)

    @work(group="store", exclusive=True)
    async def store(self, values: Values) -> None:
        """Hand the values on."""
        try:
            await self._store(values)
        except PocketLLMError as error:
            self.post_message(Failed("store it", error))
        else:
            self.post_message(FormStored())

    @on(FormStored)
    def _leave(self) -> None:
        self.dismiss(True)

    @on(Failed)
    def _show_failure(self, event: Failed) -> None:
        event.stop()
        self.problem.update(Content(f"Could not {event.deed}: {told(event.error)}"))

    def action_cancel(self) -> None:
        self.dismiss(False)


def _control(line: Line) -> Input | TextArea:
    if line.is_long:
        return TextArea(clean_text(line.value), compact=True, tab_behavior="focus")
    return Input(clean_line(line.value), placeholder=line.hint, compact=True)


def _text(field: Field) -> str:
    control = field.control
    assert isinstance(control, Input | TextArea)
    return control.text if isinstance(control, TextArea) else control.value
