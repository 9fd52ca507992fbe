"""What changes in the person's tables, as it happens, for as long as somebody wants to hear it."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

from pocketllm_cli.api.live_channel import (
    ChannelLost,
    LiveChannel,
    TokenNotTaken,
    Watch,
    open_channel,
)
from pocketllm_cli.api.sessions import Sessions
from pocketllm_cli.api.token_owner import owner_of
from pocketllm_cli.api.wire import Locator
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import BackendUnreachable
from pocketllm_cli.models import Endpoint

Kind = Literal["INSERT", "UPDATE", "DELETE"]

_FIRST_SECONDS: Final = 0.2
_LONGEST_SECONDS: Final = 15.0
_TOKEN_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was inserted, updated or deleted.

    Args:
        row: The row afterwards; of a deleted one its key. A large value that an update did not
            touch, or that was too large to send, is missing.
        is_whole: Whether nothing was left out for its size.
    """

    table: str
    kind: Kind
    row: dict[str, Any]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Reconnected:
    """Changes flow from here on, and nobody knows what happened before: read anew.

    Args:
        is_first: Whether it is the beginning, and not the end of an interruption.
    """

    is_first: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection was lost; it is being made again."""


class Changes:
    """Follows changes of the backend's tables."""

    def __init__(self, locator: Locator, sessions: Sessions, log: DebugLog) -> None:
        self._locator = locator
        self._sessions = sessions
        self._log = log

    async def follow(
        self, watches: Sequence[Watch]
    ) -> AsyncGenerator[Change | Reconnected | Disconnected, None]:
        """Yield what happens, without end: a lost connection is made again, however long it takes.

        First comes a `Reconnected`, then changes in the order of their commits; after a
        `Disconnected` the next is a `Reconnected`. Close the iterator (`aclosing`) to stop.

        Raises:
            NotSignedIn: The session has ended.
            BackendProblem: The backend does not tell of such changes.
        """
        is_first, is_flowing, tries = True, False, 0
        refused: str | None = None
        while True:
            try:
                async with aclosing(self._connected(watches, refused)) as happened:
                    async for data in happened:
                        if data is not None:
                            yield _change(data)
                            continue
                        tries, refused = 0, None
                        if not is_flowing:  # said again after each renewal of the token
                            yield Reconnected(is_first)
                        is_first, is_flowing = False, True
            except _Refused as error:
                refused = error.token
                self._log.line(f"realtime refused the token: {error}")
            except ChannelLost as error:
                self._log.line(f"realtime lost: {error}")
            if is_flowing:
                is_flowing = False
                yield Disconnected()
            await asyncio.sleep(pause_seconds(tries, luck=secrets.randbelow(1000) / 1000))
            tries += 1

    async def _connected(
        self, watches: Sequence[Watch], refused: str | None
    ) -> AsyncGenerator[dict[str, Any] | None, None]:
        endpoint, token = await self._look_up(refused)
        has_joined = False
        try:
            async with open_channel(endpoint) as channel:
                await channel.join(_of_owner(watches, token), token)
                has_joined = True
                tasks = [
                    asyncio.create_task(channel.keep_alive()),
                    asyncio.create_task(self._renew(channel, token)),
                ]
                try:
                    async with aclosing(channel.changes()) as happened:
                        async for data in happened:
                            yield data
                finally:
                    await _cancel(tasks)
        except TokenNotTaken as error:
            raise _Refused(token) from error
        except ChannelLost:
            if not has_joined:
                await self._relocate(endpoint)
            raise

    async def _look_up(self, refused: str | None) -> tuple[Endpoint, str]:
        try:
            endpoint = await self._locator.locate()
            if refused is not None:
                return endpoint, await self._sessions.renewed_token(refused)
            return endpoint, await self._sessions.access_token()
        except BackendUnreachable as error:
            raise ChannelLost(error.message) from error

    async def _relocate(self, endpoint: Endpoint) -> None:
        try:
            await self._locator.relocate(endpoint)
        except BackendUnreachable as error:
            raise ChannelLost(error.message) from error

    async def _renew(self, channel: LiveChannel, token: str) -> None:
        """Send each new access token. What goes wrong here ends the channel at the other end."""
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(_TOKEN_SECONDS)
                newest = await self._sessions.access_token()
                if newest != token:
                    token = newest
                    await channel.renew(token)


class _Refused(Exception):
    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__("token not taken")


def _of_owner(watches: Sequence[Watch], token: str) -> list[Watch]:
    """Ask for the person's own rows, where a watch has no other condition.

    A backend compares conditions first. Without one it asks the policies of every change of a
    table for everybody who listens to that table, and nobody may see another's rows anyway; and a
    hosted project tells of deleted rows without asking any policy.
    """
    owner = owner_of(token)
    if owner is None:
        return list(watches)
    own = f"user_id=eq.{owner}"
    return [watch if watch.filter else replace(watch, filter=own) for watch in watches]


def pause_seconds(tries: int, *, luck: float) -> float:
    """Return how long to wait before the next try: longer each time, and not the same for all.

    Args:
        luck: Between 0 and 1, so that not everybody comes back at once.
    """
    longest = min(_FIRST_SECONDS * 2.0 ** min(tries, 10), _LONGEST_SECONDS)
    return float(longest * (0.5 + luck / 2))


def _change(data: dict[str, Any]) -> Change:
    kind = cast("Kind", data["type"])
    row = data.get("old_record" if kind == "DELETE" else "record") or {}
    return Change(str(data["table"]), kind, dict(row), is_whole=not data.get("errors"))


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
