"""Small dialogs: a question, a line of text, a choice. Each dismisses with its answer."""

from collections.abc import Sequence

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList
from textual.widgets.option_list import Option

from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.keys import bind


class Confirm(ModalScreen[bool]):
    """Dismisses with whether the person agreed; Enter on the first button does not."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [bind("dialog.cancel", "cancel")]

    def __init__(self, question: str, *, deed: str) -> None:
        super().__init__(classes="dialog")
        self._question, self._deed = clean_text(question), deed

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(Content(self._question), markup=False)
            with Horizontal():
                yield Button("Cancel", id="cancel")
                yield Button(self._deed, id="agree", variant="primary")

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "agree")

    def action_cancel(self) -> None:
        self.dismiss(False)


class AskLine(ModalScreen[str | None]):
    """Dismisses with a line of text, or None when cancelled."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [bind("dialog.cancel", "cancel")]

    line = getters.query_one(Input)

    def __init__(self, question: str, text: str = "", *, most: int = 120) -> None:
        super().__init__(classes="dialog")
        self._question, self._text, self._most = question, clean_line(text), most

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(Content(self._question), markup=False)
            yield Input(self._text[: self._most], max_length=self._most)

    @on(Input.Submitted)
    def submit(self) -> None:
        if text := self.line.value.strip():
            self.dismiss(text)

    def action_cancel(self) -> None:
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """Dismisses with the id of what was chosen, or None when cancelled.

    Args:
        choices: Pairs of id and text, in their order.
        chosen: The id the cursor begins on.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [bind("dialog.cancel", "cancel")]

    options = getters.query_one(OptionList)

    def __init__(
        self, question: str, choices: Sequence[tuple[str, str]], chosen: str | None = None
    ) -> None:
        super().__init__(classes="dialog")
        self._question, self._choices, self._chosen = question, choices, chosen

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(Content(self._question), markup=False)
            yield OptionList(
                *(Option(Content(clean_line(text)), id=key) for key, text in self._choices),
                markup=False,
            )

    def on_mount(self) -> None:
        ids = [key for key, _ in self._choices]
        self.options.highlighted = ids.index(self._chosen) if self._chosen in ids else 0

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_cancel(self) -> None:
        self.dismiss(None)
