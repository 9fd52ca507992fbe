"""Listens on Realtime beside the other steps of a smoke run."""

import asyncio
from contextlib import aclosing

from pocketllm_cli.api.changes import Change, Reconnected
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.live_channel import Watch


class Ear:
    """Hears of the messages of one chat, from `listen` until `stop`."""

    def __init__(self, api: Api, chat_id: str) -> None:
        self._api = api
        self._watch = Watch("messages", filter=f"chat_id=eq.{chat_id}")
        self._flows = asyncio.Event()
        self._news = asyncio.Event()
        self._heard: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """Return when changes flow.

        Raises:
            PocketLLMError: They will not.
        """
        self._task = asyncio.create_task(self._follow())
        await self._wait(self._flows)

    async def hear_of(self, message_id: str) -> int:
        """Return how many changes were told of a message, as soon as there is one.

        Raises:
            PocketLLMError: The listening ended.
        """
        while message_id not in self._heard:
            self._news.clear()
            await self._wait(self._news)
        return self._heard[message_id]

    async def stop(self) -> None:
        """Stop listening; again is fine."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _wait(self, event: asyncio.Event) -> None:
        assert self._task is not None, "somebody listens"
        waiting = asyncio.create_task(event.wait())
        try:
            await asyncio.wait([waiting, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._task.done():
            self._task.result()

    async def _follow(self) -> None:
        async with aclosing(self._api.changes.follow([self._watch])) as happened:
            async for change in happened:
                if isinstance(change, Reconnected):
                    self._flows.set()
                elif isinstance(change, Change):
                    message_id = str(change.row.get("id"))
                    self._heard[message_id] = self._heard.get(message_id, 0) + 1
                    self._news.set()
