"""One field of a form: its name, what is typed, and what is wrong with it."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Label, Static


class Field(Vertical):
    """Holds one control; its id is `field-<name>`.

    Args:
        name: The column or value it is for.
    """

    DEFAULT_CSS = """
    Field {
        height: auto;
        & > Horizontal { height: auto; }
        & Label { width: 20; color: $text-muted; }
        & Horizontal > .control { width: 1fr; }
        & > .problem { display: none; height: auto; margin: 0 0 0 20; color: $text-error; }
        &.-wrong > .problem { display: block; }
        &.-wrong Label { color: $text-error; }
    }
    """

    problem: reactive[str] = reactive("", init=False)
    """What is wrong; empty where nothing is."""

    def __init__(self, name: str, label: str, control: Widget) -> None:
        super().__init__(id=f"field-{name}", name=name)
        self._label, self.control = label, control
        control.add_class("control")

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label(Content(self._label), markup=False)
            yield self.control
        yield Static(classes="problem", markup=False)

    def watch_problem(self, problem: str) -> None:
        self.set_class(bool(problem), "-wrong")
        self.query_one(".problem", Static).update(Content(problem))
