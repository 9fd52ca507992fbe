"""Asks for a key by having it pressed."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label


class PressKey(ModalScreen[str | None]):
    """Dismisses with the next key, by Textual's name, or None for Escape.

    The app's own keys do nothing while it is open; see `NavigatingApp.check_action`.
    """

    CSS_PATH = "dialogs.tcss"

    def __init__(self, deed: str) -> None:
        super().__init__(classes="dialog")
        self._deed = deed

    def compose(self) -> ComposeResult:
        with Vertical():
            text = f"Press the key for “{self._deed}”.\n\nEscape leaves it as it is."
            yield Label(Content(text), markup=False)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss(None if event.key == "escape" else event.key)
