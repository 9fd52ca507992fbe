"""What every screen has: the parts it is handed, and one way to show what went wrong."""

import time
from collections.abc import Iterable
from typing import Final

from textual import on, work
from textual.app import SystemCommand
from textual.screen import Screen
from textual.widgets import TextArea

from pocketllm_cli.errors import (
    LocalAccountLost,
    NotSignedIn,
    PocketLLMError,
    WrongCode,
    WrongPassword,
)
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.keys import key_of
from pocketllm_cli.tui.messages import CopyWanted, Failed, SignInWanted
from pocketllm_cli.tui.parts import Parts

_NOTICE_SECONDS: Final = 6.0
_TWICE_SECONDS: Final = 2.0


class AppScreen(Screen[None]):
    """Base of the full screens.

    Work that talks to the backend is a `@work` method; it ends with a message, and with `Failed`
    where something went wrong. A failure is shown once, here.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.parts = parts
        self._interrupted_at = -_TWICE_SECONDS

    def tell(self, text: str, *, is_failure: bool = False, seconds: float | None = None) -> None:
        """Show a notice for a while."""
        severity = "error" if is_failure else "information"
        self.notify(
            clean_text(text),
            severity=severity,  # type: ignore[arg-type]  # one of the two literals
            timeout=seconds or _NOTICE_SECONDS,
            markup=False,
        )

    def key(self, key_id: str) -> str:
        """Return the key of an action as people write it."""
        return key_of(key_id, self.parts.options.keys)

    def commands(self) -> Iterable[SystemCommand]:
        """Return what the command palette offers on this screen."""
        return ()

    async def prepare_to_leave(self) -> None:
        """Bring things in order before the app ends."""

    def interrupt(self) -> bool:
        """Do what Ctrl+C means here; True to leave the app.

        What is selected is copied; otherwise it takes two of them to leave.
        """
        focused = self.focused
        text = focused.selected_text if isinstance(focused, TextArea) else ""
        if text := text or self.get_selected_text() or "":
            self.post_message(CopyWanted(text, "the selection"))
            return False
        before, self._interrupted_at = self._interrupted_at, time.monotonic()
        if self._interrupted_at - before < _TWICE_SECONDS:
            return True
        self.tell("Press Ctrl+C once more to leave.", seconds=_TWICE_SECONDS)
        return False

    @on(CopyWanted)
    @work(group="copy", exclusive=True)
    async def copy(self, event: CopyWanted) -> None:
        """Put a text into the clipboard and say which way it went."""
        try:
            route = await self.parts.clipboard.copy(event.text)
        except PocketLLMError as error:
            self.post_message(Failed("copy", error))
        else:
            self.tell(f"Copied {event.what} {route}.")

    @on(Failed)
    def show_failure(self, event: Failed) -> None:
        """Show what went wrong and what to do about it."""
        event.stop()
        if needs_sign_in(event.error):
            self.post_message(SignInWanted(event.error))
            return
        self.tell(f"Could not {event.deed}: {told(event.error)}", is_failure=True, seconds=12.0)


def needs_sign_in(error: PocketLLMError) -> bool:
    """Say whether signing in is what helps."""
    return isinstance(error, NotSignedIn) and not isinstance(
        error, WrongPassword | WrongCode | LocalAccountLost
    )


def told(error: PocketLLMError) -> str:
    """Return a failure as a person is told: what happened, and what helps."""
    return f"{clean_line(error.message)}\n{clean_text(error.hint)}"
