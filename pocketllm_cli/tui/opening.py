"""Opens the terminal app: gathers what it needs, runs it, and leaves the terminal as it was."""

import asyncio
import gc
import signal
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.client import Api, open_api
from pocketllm_cli.app import App
from pocketllm_cli.credentials import CredentialStore, system_keyring
from pocketllm_cli.errors import HungUp, Stopped, Terminated
from pocketllm_cli.models import Context
from pocketllm_cli.tui.app import TerminalApp
from pocketllm_cli.tui.background import is_background_light
from pocketllm_cli.tui.canvas import canvas_of
from pocketllm_cli.tui.clipboard import Clipboard
from pocketllm_cli.tui.config_file import ConfigFile
from pocketllm_cli.tui.live import Change
from pocketllm_cli.tui.messages import ReopenWanted
from pocketllm_cli.tui.options import TerminalOptions
from pocketllm_cli.tui.parts import Narrator, Parts
from pocketllm_cli.tui.picture_cache import PictureCache
from pocketllm_cli.tui.state_files import StateFiles, state_folder
from pocketllm_cli.tui.terminal_answers import ask_terminal
from pocketllm_cli.tui.window_title import KEEP, RESTORE

_WHOLE_LOOKS: Final = 500
"""Looks at younger objects between two looks at all; while an answer streams, half a minute."""


def open_terminal_app(app: App, chat: str | None = None) -> None:
    """Run the terminal app to its end.

    Args:
        chat: The chat to open, as people name it; a new one by default.

    Raises:
        Stopped: A signal ended it.
        Exception: What it failed with, once the terminal is as it was.
    """
    asyncio.run(_run(app, chat, ask_terminal(app.settings.terminal)))


async def _run(app: App, chat: str | None, answer: bytes) -> None:
    """Show the app, again for as long as somebody wants another backend or account."""
    context, config = app.context, ConfigFile(app.paths.config_file)
    wish = await _show(app, context, chat, answer)
    while wish is not None:
        if wish.context not in (None, context.name):  # the environment's is in no file
            context = config.contexts().get(str(wish.context))
        wish = await _show(app, context, None, answer)


async def _show(app: App, context: Context, chat: str | None, answer: bytes) -> ReopenWanted | None:
    narrator, config = Narrator(), ConfigFile(app.paths.config_file)
    options = config.options()
    async with open_api(
        context,
        paths=app.paths,
        store=CredentialStore(app.paths.sessions, narrator, system_keyring),
        embedded=EmbeddedBackend(app.paths.backend, narrator),
        fixed_token=app.settings.access_token,
        narrate=narrator,
        log=app.log,
    ) as api:
        first_chat = await api.chats.find(chat) if chat else None
        parts = _gather(app, api, options, narrator)
        parts.is_light = is_background_light(app.settings.terminal, answer)
        parts.canvas = canvas_of(answer)
        parts.problems = tuple(config.problems())
        terminal = TerminalApp(parts, first_chat)
        _collect_seldom()
        with _signals(terminal) as caught:
            app.console.write(KEEP if options.window_title else "")
            try:
                await terminal.run_async(mouse=options.mouse)
            finally:
                app.console.write(RESTORE if options.window_title else "")
    if terminal.failure is not None:
        raise terminal.failure
    if caught:
        raise caught[0]
    return terminal.return_value


def _collect_seldom() -> None:
    """Have the garbage collector run, and keep it from holding up keys.

    What is imported stays, and looking through it takes 100 ms each time. Of what is made later a
    whole look takes up to 50 ms, which by default is every second while an answer streams.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _WHOLE_LOOKS)
    gc.enable()


def _gather(app: App, api: Api, options: TerminalOptions, narrator: Narrator) -> Parts:
    session = api.sessions.current()
    folder = state_folder(app.paths.state, api.context, session, app.settings.access_token)
    return Parts(
        api=api,
        changes=_Changes(api),
        files=StateFiles(folder, narrator),
        options=options,
        settings=app.settings.terminal,
        narrator=narrator,
        now=lambda: datetime.now().astimezone(),
        folder=Path.cwd(),
        clipboard=Clipboard(app.settings.terminal, app.paths.state / "clipboard.txt"),
        config=ConfigFile(app.paths.config_file),
        pictures=PictureCache(api, app.paths.cache / "pictures"),
        email=session.email if session else None,
    )


class _Changes:
    """Changes of a backend; what hears of them is loaded only once somebody listens."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def listen(self) -> AsyncGenerator[Change, None]:
        from pocketllm_cli.tui.heard_changes import HeardChanges
        from pocketllm_cli.tui.live import PolledChanges

        chats = self._api.chats
        return HeardChanges(self._api.changes, chats, otherwise=PolledChanges(chats)).listen()


@contextmanager
def _signals(terminal: TerminalApp) -> Iterator[list[Stopped]]:
    """Let the app end in order when it is told to, so that the terminal is put right."""
    caught: list[Stopped] = []
    loop = asyncio.get_running_loop()
    kinds = {"SIGTERM": Terminated, "SIGHUP": HungUp}
    numbers = [getattr(signal, name) for name in kinds if hasattr(signal, name)]

    def end(kind: type[Stopped]) -> None:
        caught.append(kind())
        terminal.exit()

    for number, kind in zip(numbers, kinds.values(), strict=False):
        loop.add_signal_handler(number, end, kind)
    try:
        yield caught
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
