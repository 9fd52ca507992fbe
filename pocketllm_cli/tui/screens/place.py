"""What the screens beside the chat have in common: a heading, a content, and a notice."""

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Footer, Static

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import Failed
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.app_screen import AppScreen, needs_sign_in, told


class PlaceScreen(AppScreen):
    """A full screen that Escape leaves.

    Until its content is there the notice says what is being done, what failed, or what to do.

    Args:
        deed: An action to begin with once the content is there.
    """

    CSS_PATH = ["place.tcss"]
    BINDINGS = [bind("place.back", "back"), bind("place.reload", "reload")]
    HEADING = ""
    WAITING = "Reading …"

    notice = getters.query_one("#notice", Static)

    def __init__(self, parts: Parts, deed: str | None = None) -> None:
        super().__init__(parts)
        self._deed = deed
        self._has_content = False

    def compose(self) -> ComposeResult:
        where = clean_line(self.parts.api.context.name)
        yield Static(Content(f"{self.HEADING} · {where}"), id="heading", markup=False)
        with Vertical(id="content"):
            yield from self.compose_content()
        yield Static(id="notice", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def compose_content(self) -> ComposeResult:
        """Yield the widgets between the heading and the footer."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Show what there is to show; by default, ask the backend for it."""
        self.say(self.WAITING)
        self.load()

    def load(self) -> object:
        """Ask the backend for the content, in the background."""
        return None

    def say(self, text: str, *, is_failure: bool = False) -> None:
        """Show a notice in place of the content."""
        self._has_content = False
        self.notice.update(Content(clean_text(text)))
        self.add_class("-noticed")
        self.set_class(is_failure, "-failed")

    def show_content(self) -> None:
        """Show the content, and do what was asked for on the way here."""
        self._has_content = True
        self.remove_class("-noticed", "-failed")
        self.begin_deed()

    def begin_deed(self) -> None:
        """Do what was asked for on the way here, once."""
        deed, self._deed = self._deed, None
        if deed is not None:
            self.call_later(self.run_action, deed)

    @on(Failed)
    def show_failure_in_place(self, event: Failed) -> None:
        """Show a failure where the content never came; otherwise as everywhere."""
        if self._has_content:
            return
        text = f"Could not {event.deed}: {told(event.error)}"
        self.say(f"{text}\n\n{self.key('place.reload')} tries again.", is_failure=True)
        if not needs_sign_in(event.error):
            event.stop()
            event.prevent_default()

    @on(events.ScreenResume)
    def _try_again(self) -> None:
        """Ask once more after somebody signed in."""
        if self.has_class("-failed"):
            self.begin()

    async def action_back(self) -> None:
        """Leave."""
        self.app.pop_screen()

    def action_reload(self) -> None:
        """Ask for the content again."""
        self.begin()

    def failed(self, deed: str, error: PocketLLMError) -> None:
        """Report from a worker that something went wrong."""
        self.post_message(Failed(deed, error))
