"""What works and what does not: the checks of `pocketllm doctor`, side by side and bounded in time.

A check is a coroutine that returns what it found in order, or raises an error whose message says
what is wrong and whose hint is the command that mends it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from pocketllm_cli import __version__
from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App
from pocketllm_cli.credentials import system_keyring
from pocketllm_cli.errors import (
    BackendProblem,
    BackendUnreachable,
    ModelNotFound,
    NotAllowed,
    NotFound,
    PocketLLMError,
    SessionExpired,
)
from pocketllm_cli.models import Finding, SelfCheck

Check = Callable[[], Awaitable[str]]

_SECONDS: Final = 15.0
_MODEL_SECONDS: Final = 60.0
_WORKER_LOOKS: Final = 10
_MOST_SKEW_SECONDS: Final = 30.0
_BEHIND_NETWORK: Final = ("clock", "functions", "versions", "schema", "session")
_BEHIND_SESSION: Final = ("row level security", "bucket", "realtime", "worker", "model")
_PSQL: Final = 'psql "$SUPABASE_DB_URL" -c'
_MIGRATE: Final = "Run `pocketllm admin migrate`."


async def examine(app: App, api: Api) -> list[Finding]:
    """Return what each check found, in the order in which they are shown."""
    keyring = asyncio.create_task(_look("keyring", partial(_keyring, app, api)))
    backend = _Backend(api)
    network = await _look("network", backend.network, seconds=None)
    if network.state != "ok":
        others = _skipped(_BEHIND_NETWORK + _BEHIND_SESSION, "The backend must be reached first.")
        return [network, *others, await keyring]
    open_to_all = await _all(_BEHIND_NETWORK, backend)
    if open_to_all[-1].state == "ok":
        own = await _all(_BEHIND_SESSION, backend)
    else:
        own = _skipped(_BEHIND_SESSION, "You must be signed in first.")
    return [network, *open_to_all, *own, await keyring]


async def _all(names: tuple[str, ...], backend: "_Backend") -> list[Finding]:
    """Run checks side by side."""
    checks = [(name, getattr(backend, name.replace(" ", "_"))) for name in names]
    return await asyncio.gather(*(_look(name, check) for name, check in checks))


async def _look(name: str, check: Check, *, seconds: float | None = _SECONDS) -> Finding:
    limit = _MODEL_SECONDS if name == "model" else seconds
    try:
        async with asyncio.timeout(limit):
            return Finding(name, "ok", await check())
    except PocketLLMError as error:
        return Finding(name, "failed", error.message, error.hint)
    except TimeoutError:
        slow = BackendUnreachable(f"There was no answer within {limit or _SECONDS:.0f} seconds.")
        return Finding(name, "failed", slow.message, slow.hint)


def _skipped(names: tuple[str, ...], why: str) -> list[Finding]:
    return [Finding(name, "skipped", why) for name in names]


async def _keyring(app: App, api: Api) -> str:
    found = await asyncio.to_thread(system_keyring)
    await asyncio.to_thread(api.sessions.check_secrets)
    if found is None:
        return "There is none; sessions are in files that only you can read."
    return f"It answers ({type(found).__name__})."


class _Backend:
    """The checks that ask the backend."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._skew_seconds: float | None = None
        self._settings: asyncio.Task[SelfCheck] | None = None

    async def network(self) -> str:
        endpoint = await self._api.locator.locate()
        began = time.time()
        async with asyncio.timeout(_SECONDS):
            try:
                told = await self._api.health.server_time()
            except (SessionExpired, NotAllowed) as error:
                raise BackendProblem(
                    "The backend does not take this context's key.",
                    hint="Name the right one with `pocketllm context remove` and `context add`.",
                ) from error
        ended = time.time()
        if told is not None:
            self._skew_seconds = max(told - ended, began - told - 1.0, 0.0)  # it tells no fractions
        return f"{endpoint.url} answers after {(ended - began) * 1000:.0f} ms."

    async def clock(self) -> str:
        if self._skew_seconds is None:
            return "The backend does not tell the time."
        if self._skew_seconds > _MOST_SKEW_SECONDS:
            raise BackendProblem(
                f"This machine and the backend are {self._skew_seconds:.0f} seconds apart.",
                hint="Set this machine's clock: `timedatectl set-ntp true`.",
            )
        return f"It agrees with the backend's to {_MOST_SKEW_SECONDS:.0f} seconds."

    async def functions(self) -> str:
        try:
            return f"They answer, version {await self._api.health.functions_version()}."
        except PocketLLMError as error:
            raise BackendUnreachable(
                f"The functions do not answer: {error.message}",
                hint="See where they are looked for: `pocketllm context show`.",
            ) from error

    async def versions(self) -> str:
        theirs = await self._api.health.functions_version()
        if theirs.split(".")[:2] != __version__.split(".")[:2]:
            update = "`pip install --upgrade pocketllm`, here and where the functions run"
            restart = "`pocketllm backend stop`: the next command starts the one installed"
            raise BackendProblem(
                f"This is {__version__}, the functions are {theirs}.",
                hint=f"Run {restart if self._api.context.is_embedded else update}.",
            )
        return f"This is {__version__}, and so are the functions."

    async def schema(self) -> str:
        try:
            await self._api.health.check_readiness()
        except PocketLLMError as error:
            raise BackendProblem(error.message, hint=_MIGRATE) from error
        return "All migrations are applied."

    async def session(self) -> str:
        account = await self._api.account()
        return f"Signed in as {account.email or account.id}."

    async def row_level_security(self) -> str:
        if open_tables := (await self._read_settings()).open_tables:
            mend = "; ".join(
                f"alter table public.{x} enable row level security" for x in open_tables
            )
            raise BackendProblem(
                f"It is off: everybody who is signed in can read {', '.join(open_tables)}.",
                hint=f"Run `{_PSQL} '{mend}'`.",
            )
        return "It is on for every table."

    async def bucket(self) -> str:
        is_private = (await self._read_settings()).bucket_is_private
        if is_private is None:
            raise BackendProblem("There is no bucket user_assets.", hint=_MIGRATE)
        if not is_private:
            mend = "update storage.buckets set public = false where id = $$user_assets$$"
            raise BackendProblem(
                "The bucket user_assets is public: everybody can read every file in it.",
                hint=f"Run `{_PSQL} '{mend}'`.",
            )
        return "The bucket user_assets is private."

    async def realtime(self) -> str:
        if unheard := (await self._read_settings()).unheard_tables:
            tables = ", ".join(f"public.{name}" for name in unheard)
            raise BackendProblem(
                f"It does not tell of changes of {', '.join(unheard)}.",
                hint=f"Run `{_PSQL} 'alter publication supabase_realtime add table {tables}'`.",
            )
        await self._api.health.listen()
        return "It tells of changes."

    async def worker(self) -> str:
        try:
            count = await self._count_workers()
        except NotFound as error:
            raise BackendProblem("The schema is too old to say.", hint=_MIGRATE) from error
        if not count:
            start = "`python -m backend_functions.worker` where the functions run"
            restart = "`pocketllm backend stop`: the next command starts it with its worker"
            raise BackendProblem(
                "No worker is running: pictures and other jobs wait.",
                hint=f"Run {restart if self._api.context.is_embedded else start}.",
            )
        return f"{count} running." if count > 1 else "One is running."

    async def _count_workers(self) -> int:
        """The embedded backend's worker comes up a moment after the backend."""
        count, patience = await self._api.health.count_workers(), _WORKER_LOOKS
        while not count and patience and self._api.context.is_embedded:
            await asyncio.sleep(0.5)
            count, patience = await self._api.health.count_workers(), patience - 1
        return count

    async def model(self) -> str:
        configs = await self._api.model_configs.all()
        default = next((config for config in configs if config.is_default), None)
        if default is None:
            raise ModelNotFound(
                "There is no default model config.",
                hint="Choose one with `pocketllm models default NAME`, "
                "or add one: `pocketllm models add --help`.",
            )
        test = await self._api.model_configs.test(default)
        return f"{default.name} answers: first token after {test.first_token_seconds:.2f} s."

    async def _read_settings(self) -> SelfCheck:
        """Ask once for the three checks that need it."""
        if self._settings is None:
            self._settings = asyncio.create_task(self._api.health.self_check())
        try:
            return await asyncio.shield(self._settings)
        except NotFound as error:
            raise BackendProblem("The schema is too old to say.", hint=_MIGRATE) from error
