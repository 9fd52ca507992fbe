"""The terminal app over a backend of the tests, with a clock that stands still."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.events import MouseDown, MouseUp, Paste
from textual.pilot import Pilot

from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.client import Api, open_api
from pocketllm_cli.credentials import CredentialStore
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.models import Context
from pocketllm_cli.paths import Paths
from pocketllm_cli.settings import TerminalSettings
from pocketllm_cli.tui.app import TerminalApp
from pocketllm_cli.tui.clipboard import Clipboard
from pocketllm_cli.tui.config_file import ConfigFile
from pocketllm_cli.tui.live import Changes
from pocketllm_cli.tui.options import TerminalOptions
from pocketllm_cli.tui.parts import Narrator, Parts
from pocketllm_cli.tui.picture_cache import PictureCache
from pocketllm_cli.tui.screens.chat import ChatScreen
from pocketllm_cli.tui.state_files import StateFiles

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class Quiet:
    """A backend on which nothing changes by itself."""

    async def listen(self) -> AsyncGenerator[Any, None]:
        await asyncio.Event().wait()
        yield


@dataclass
class Shown:
    """An app that runs, and the keys of its person."""

    app: TerminalApp
    pilot: Pilot[Any]

    @property
    def screen(self) -> ChatScreen:
        found = self.app.screen_stack[0]
        assert isinstance(found, ChatScreen)
        return found

    @property
    def place(self) -> str:
        """What the screen on top is called."""
        return type(self.app.screen).__name__

    @property
    def page(self) -> str:
        """The text of everything that is painted."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in lines)

    @property
    def notices(self) -> list[str]:
        """What was told in passing."""
        return [note.message for note in self.app._notifications]

    async def see(self, *texts: str) -> None:
        """Wait until all of these are painted."""
        await self.until(lambda: all(text in self.page for text in texts))

    @property
    def texts(self) -> list[str]:
        """The messages that are widgets, oldest first."""
        return [view.turn.message.content for view in self.screen.conversation.views]

    async def until(self, claim: Callable[[], Any], seconds: float = 60) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < deadline, f"it did not come about:\n{self.page}"
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.pilot.press(*(_KEYS.get(each, each) for each in text))

    async def paste(self, text: str) -> None:
        """Put a text where the focus is, as terminals do it."""
        focused = self.app.screen.focused
        assert focused is not None
        focused.post_message(Paste(text))
        await self.pilot.pause()

    async def click(self, *places: tuple[int, int]) -> None:
        """Click on columns and rows one after the other, as a driver tells of it."""
        for x, y in places:
            for kind in (MouseDown, MouseUp):
                event = kind(
                    None,
                    x,
                    y,
                    0,
                    0,
                    button=1,
                    shift=False,
                    meta=False,
                    ctrl=False,
                    screen_x=x,
                    screen_y=y,
                )
                self.app.post_message(event)
        await self.pilot.pause()

    async def go_to_field(self, name: str) -> None:
        """Move to a field of a form that has just opened."""
        form = self.app.screen
        await self.until(lambda: form.focused is not None)
        control = form.query_one(f"#field-{name} Input")
        control.focus()
        await self.until(lambda: control.has_focus)

    async def ask(self, text: str) -> None:
        self.screen.composer.area.focus()
        self.screen.composer.put(text)
        await self.pilot.press("enter")


_KEYS = {" ": "space", "/": "slash", "@": "at", ".": "full_stop", "-": "minus", "_": "underscore"}


@asynccontextmanager
async def shown_app(
    context: Context,
    home: Path,
    *,
    size: tuple[int, int] = (100, 30),
    changes: Changes | Callable[[Api], Changes] | None = None,
    options: TerminalOptions | None = None,
    token: str | None = "token",
    settings: TerminalSettings | None = None,
    chat: str | None = None,
    now: Callable[[], datetime] = lambda: NOW,
) -> AsyncIterator[Shown]:
    """Show the app over a context's backend."""
    paths, narrator = Paths.under(home), Narrator()
    async with open_api(
        context,
        paths=paths,
        store=CredentialStore(paths.sessions, narrator, lambda: None),
        embedded=EmbeddedBackend(paths.backend, narrator),
        fixed_token=token,
        narrate=narrator,
        log=DebugLog(None),
    ) as api:
        session = api.sessions.current()
        terminal = settings or TerminalSettings(is_remote=True)
        parts = Parts(
            api=api,
            changes=changes(api) if callable(changes) else changes or Quiet(),
            files=StateFiles(paths.state / "terminal", narrator),
            options=options or TerminalOptions(is_still=True),
            settings=terminal,
            narrator=narrator,
            now=now,
            folder=home,
            clipboard=Clipboard(terminal, home / "clipboard.txt"),
            config=ConfigFile(paths.config_file),
            pictures=PictureCache(api, paths.cache / "pictures"),
            email=session.email if session else None,
        )
        first = await api.chats.find(chat) if chat else None
        app = TerminalApp(parts, first)
        async with app.run_test(size=size) as pilot:
            yield Shown(app, pilot)
