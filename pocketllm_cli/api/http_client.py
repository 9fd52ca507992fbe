"""The HTTP client that leaves no connection behind; imported when the first request is made."""

import asyncio
from typing import Any

import httpx


class ClosingClient(httpx.AsyncClient):
    """A client whose `aclose` first ends the requests that are still being sent.

    httpx closes the connections there are; one that is being made at that moment would be finished
    afterwards and belong to nobody.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._sending: set[asyncio.Task[Any]] = set()

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send one request, as httpx does."""
        task = asyncio.current_task()
        if task is None or task in self._sending:  # a request that is part of another one
            return await super().send(request, **options)
        self._sending.add(task)
        try:
            return await super().send(request, **options)
        finally:
            self._sending.discard(task)

    async def aclose(self) -> None:
        """Cancel whoever is sending, and close every connection."""
        others = self._sending - {asyncio.current_task()}
        for task in others:
            task.cancel()
        try:
            if others:
                await asyncio.wait(others)
        finally:  # also when whoever closes it is cancelled
            await super().aclose()
