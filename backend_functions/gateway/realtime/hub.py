"""What all connections of the process share: who is in which channel, and the feed of changes."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import psycopg
import structlog

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import Unavailable
from backend_functions.gateway.realtime.channel import Channel
from backend_functions.gateway.realtime.delivery import Delivery
from backend_functions.gateway.realtime.feed import FeedLost, open_feed
from backend_functions.gateway.realtime.limits import RealtimeLimits
from backend_functions.gateway.realtime.pgoutput import Change
from backend_functions.gateway.realtime.phoenix import Binary, Sent, Version, render_broadcast
from backend_functions.gateway.realtime.presence import Metas, present_state, untrack
from backend_functions.gateway.realtime.sight import TransactionHangs
from backend_functions.stopping import end_task

log = structlog.get_logger(__name__)

_SQL = queries("realtime")
_PUBLICATIONS = ("supabase_realtime", "supabase_realtime_messages_publication")
_LINGER_SECONDS = 30.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0
_SECONDS_FOR_A_FRAME, _LONGEST_MOMENT_SECONDS = 0.0005, 0.05
SERVICE_RESTART = 1012
"""The close code that says: come again, and read anew."""


class Hub:
    """The channels of the process.

    The feed runs while anybody is in a channel, and a while longer; with nobody there, PostgreSQL
    decodes nothing.
    """

    def __init__(self, database: Database, feed_url: str, limits: RealtimeLimits) -> None:
        self.limits = limits
        self.database = database
        self._feed_url = feed_url
        self._delivery = Delivery(database, limits)
        self._places: defaultdict[tuple[str, bool], set[Channel]] = defaultdict(set)
        self._followers: set[Channel] = set()
        self._feed: asyncio.Task[None] | None = None
        self._is_flowing = asyncio.Event()
        self._waiting: set[Channel] = set()
        """Followers that were not told yet that they are subscribed."""

    def __len__(self) -> int:
        """Return how many channels there are, on all connections together."""
        return sum(map(len, self._places.values()))

    def join(self, channel: Channel) -> None:
        """Take in a channel; it hears of everything from now on."""
        self._places[channel.place].add(channel)
        self._start_feed()

    def follow(self, channel: Channel) -> None:
        """Begin to tell a channel of changes, and say so once they flow."""
        self._followers.add(channel)
        self._waiting.add(channel)
        if self._is_flowing.is_set():
            self._say_subscribed()

    def leave(self, channel: Channel) -> None:
        """Let a channel go; what it tracked of itself goes with it."""
        members = self._places.get(channel.place, set())
        members.discard(channel)
        self._followers.discard(channel)
        self._waiting.discard(channel)
        if difference := untrack(channel):
            self.tell_presence(channel.place, difference)
        if not members:
            self._places.pop(channel.place, None)
        if not self._places:
            asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._stop_feed_if_nobody)

    def broadcast(
        self, place: tuple[str, bool], message: Mapping[str, Any], *, but: Channel | None = None
    ) -> None:
        """Send a broadcast to everybody in a channel, perhaps not to its sender."""
        frames: dict[Version, Sent | None] = {}
        for member in tuple(self._places.get(place, ())):
            if member is but or not member.hears("broadcast"):
                continue
            version = member.socket.version
            if version not in frames:
                frames[version] = render_broadcast(version, member.topic, message)
            member.socket.send(frames[version])

    def tell_presence(self, place: tuple[str, bool], difference: Mapping[str, Metas]) -> None:
        """Tell everybody in a channel that somebody came, changed or went."""
        for member in tuple(self._places.get(place, ())):
            if member.hears("presence"):
                member.push("presence_diff", difference)

    def presence_of(self, place: tuple[str, bool]) -> Metas:
        """Return who is tracked in a channel."""
        return present_state(self._places.get(place, ()))

    async def stop(self) -> None:
        """Stop reading changes."""
        if self._feed is not None:
            await end_task(self._feed)

    def _start_feed(self) -> None:
        if self._feed is None or self._feed.done() or self._feed.cancelling():
            self._feed = asyncio.create_task(self._run_feed())

    def _stop_feed_if_nobody(self) -> None:
        if not self._places and self._feed is not None:
            self._feed.cancel()

    async def _run_feed(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with open_feed(self._feed_url, _PUBLICATIONS) as feed:
                    await self._forget_old_messages()
                    self._is_flowing.set()
                    self._say_subscribed()
                    pause = _FIRST_PAUSE_SECONDS
                    async for changes in feed.batches():
                        await self._handle(changes)
            except (FeedLost, TransactionHangs, Unavailable, psycopg.Error) as error:
                log.warning(
                    "the feed of changes was lost", error=type(error).__name__, detail=_say(error)
                )
                self._send_away()
            finally:
                self._is_flowing.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _handle(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if (change.relation.schema, change.relation.name) == ("realtime", "messages"):
                self._broadcast_row(change)
        frames = await self._delivery.deliver(changes, self._followers)
        # Where many are told, they are told together of what happens within a moment: whoever
        # writes meanwhile does not wait for each of them. A lone listener is told at once.
        await asyncio.sleep(min(frames * _SECONDS_FOR_A_FRAME, _LONGEST_MOMENT_SECONDS))

    def _broadcast_row(self, change: Change) -> None:
        row = change.new
        topic, event = row.get("topic"), row.get("event")
        if row.get("extension") != "broadcast" or topic is None or event is None:
            return
        binary, text = row.get("binary_payload"), row.get("payload")
        payload: Any = orjson.Fragment(text or "{}")
        if binary is not None:
            payload = Binary(bytes.fromhex(binary.removeprefix("\\x")))
        message = {"type": "broadcast", "event": event, "payload": payload}
        self.broadcast((topic, row.get("private") == "t"), message | {"meta": {"id": row["id"]}})

    async def _forget_old_messages(self) -> None:
        async with self.database.as_service() as connection:
            await connection.execute(_SQL.forget_old_messages)

    def _say_subscribed(self) -> None:
        for channel in self._waiting:
            channel.tell("ok", "postgres_changes", "Subscribed to PostgreSQL")
        self._waiting.clear()

    def _send_away(self) -> None:
        """End the connections of those who may have missed something: they come again."""
        for channel in self._followers - self._waiting:
            channel.socket.end(SERVICE_RESTART, "changes may have been missed")


def _say(error: Exception) -> str | None:
    """Return what the log may hold: a statement's failure may quote what a user wrote."""
    return str(error) if isinstance(error, FeedLost) else getattr(error, "sqlstate", None)
