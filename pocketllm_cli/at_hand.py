"""What the backend says if it is there at once: nothing is started, nobody is signed in for it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.transport import load_httpx
from pocketllm_cli.app import App
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Context

T = TypeVar("T")

THREAD_NAME: Final = "at hand"


def ask_at_hand(app: App, work: Callable[[Api], Awaitable[T]], *, seconds: float) -> T | None:
    """Return what the work brings; None if it fails or takes longer than this.

    The work may still be going on afterwards, in a thread that is named `THREAD_NAME`.
    """
    load_httpx()  # not on the work's time
    outcome: list[T] = []

    def run() -> None:
        with suppress(PocketLLMError):
            outcome.extend(asyncio.run(_ask(app, work)))

    thread = threading.Thread(target=run, name=THREAD_NAME, daemon=True)
    thread.start()
    thread.join(seconds)
    return outcome[0] if outcome else None


async def _ask(app: App, work: Callable[[Api], Awaitable[T]]) -> list[T]:
    context = _located(app)
    async with app.open_api(app.context, fixed_token=app.settings.access_token) as api:
        token = api.sessions.token_at_hand()
    if context is None or token is None:
        return []
    async with app.open_api(context, fixed_token=token) as api:
        return [await work(api)]


def _located(app: App) -> Context | None:
    """Return the context with an address, so that nothing would be started for it."""
    if not app.context.is_embedded:
        return app.context
    endpoint = app.embedded.endpoint_if_ready()
    if endpoint is None:
        return None
    return replace(
        app.context,
        url=endpoint.url,
        anon_key=endpoint.publishable_key,
        functions_url=endpoint.functions_url,
    )
