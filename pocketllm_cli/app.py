"""What a command is handed: the options of this run, the console, and the road to the backend.

Parts are imported where they are made: `--version` and `--help` need none of them.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import typer

from pocketllm_cli.console import Console, Pager
from pocketllm_cli.invocation import Invocation

if TYPE_CHECKING:
    from pocketllm_cli.api.backend import EmbeddedBackend
    from pocketllm_cli.api.client import Api
    from pocketllm_cli.contexts import Contexts
    from pocketllm_cli.credentials import CredentialStore
    from pocketllm_cli.debug_log import DebugLog
    from pocketllm_cli.models import Context
    from pocketllm_cli.paths import Paths
    from pocketllm_cli.remembered import Remembered
    from pocketllm_cli.settings import Settings

T = TypeVar("T")


class App:
    """One run of the program; its parts are made when they are first used."""

    def __init__(self, invocation: Invocation, console: Console) -> None:
        self.invocation = invocation
        self.console = console
        console.find_pager = self._find_pager

    @cached_property
    def settings(self) -> "Settings":
        """What the environment says."""
        from pocketllm_cli.settings import Settings

        settings = Settings.from_environment()
        if settings.is_dumb_terminal:
            self.invocation.has_cursor = False
        return settings

    @cached_property
    def paths(self) -> "Paths":
        """Where files lie."""
        from pocketllm_cli.paths import Paths

        return Paths.under(self.settings.home)

    @cached_property
    def contexts(self) -> "Contexts":
        """The contexts of the config file."""
        from pocketllm_cli.contexts import Contexts

        contexts = Contexts.load(self.paths.config_file)
        for problem in contexts.problems:
            self.console.warn(problem)
        return contexts

    @cached_property
    def context(self) -> "Context":
        """The context this run uses."""
        return self.contexts.choose(self.invocation.context_name, self.settings)

    @cached_property
    def store(self) -> "CredentialStore":
        """Where sessions are kept."""
        from pocketllm_cli.credentials import CredentialStore, system_keyring

        return CredentialStore(self.paths.sessions, self.console.narrate, system_keyring)

    @cached_property
    def embedded(self) -> "EmbeddedBackend":
        """The backend on this machine."""
        from pocketllm_cli.api.backend import EmbeddedBackend

        return EmbeddedBackend(self.paths.backend, self.console.narrate)

    @cached_property
    def remembered(self) -> "Remembered":
        """Names of this account that completion falls back on."""
        from pocketllm_cli.remembered import Remembered

        whose = (self.context.url, self.settings.access_token)
        return Remembered.of(self.paths.names, self.context.name, *whose)

    @cached_property
    def log(self) -> "DebugLog":
        """The log of this run, which writes only with `--debug`."""
        from pocketllm_cli.debug_log import DebugLog

        wanted = self.invocation.debug or self.settings.debug
        log = DebugLog(self.paths.logs if wanted else None)
        if log.path:
            self.console.warn(f"Debug log: {log.path}")
        return log

    @property
    def can_open_screen(self) -> bool:
        """Say whether there is a person at a terminal that a full-screen app can use."""
        return (
            self.console.is_terminal and self.console.can_ask and not self.settings.is_dumb_terminal
        )

    def run(self, work: Callable[["Api"], Awaitable[T]]) -> T:
        """Do asynchronous work with the backend of this run's context."""
        return self.run_in(self.context, work)

    def run_in(self, context: "Context", work: Callable[["Api"], Awaitable[T]]) -> T:
        """Do asynchronous work with the backend of a given context."""
        import asyncio

        async def with_api() -> T:
            async with self.open_api(context, fixed_token=self.settings.access_token) as api:
                return await work(api)

        return asyncio.run(with_api())

    def open_api(
        self, context: "Context", *, fixed_token: str | None = None
    ) -> "AbstractAsyncContextManager[Api]":
        """Open the client for a context, with its own session unless a token is given."""
        from pocketllm_cli.api.client import open_api

        return open_api(
            context,
            paths=self.paths,
            store=self.store,
            embedded=self.embedded,
            fixed_token=fixed_token,
            narrate=self.console.narrate,
            log=self.log,
        )

    def _find_pager(self) -> Pager | None:
        from pocketllm_cli.pager import find_pager

        return None if self.settings.is_dumb_terminal else find_pager(self.settings.terminal)


def app_of(ctx: typer.Context) -> App:
    """Return the app that `main()` attached."""
    assert isinstance(ctx.obj, App)
    return ctx.obj
