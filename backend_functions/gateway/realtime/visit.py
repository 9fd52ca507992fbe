"""What one connection does: joins channels, leaves them, speaks in them, renews its token."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from backend_functions.errors import ServiceError
from backend_functions.gateway.realtime.authorization import rights_to_write
from backend_functions.gateway.realtime.channel import Channel
from backend_functions.gateway.realtime.connection import POLICY_VIOLATION, Connection, Pace
from backend_functions.gateway.realtime.hub import Hub
from backend_functions.gateway.realtime.members import (
    Refused,
    Visitor,
    admit,
    bind_changes,
    readable,
    seconds_left,
)
from backend_functions.gateway.realtime.phoenix import Frame, render_reply
from backend_functions.gateway.realtime.presence import track, untrack

_EXPIRED = "Token has expired"


class Visit:
    """The channels of one connection."""

    def __init__(self, connection: Connection, visitor: Visitor, hub: Hub) -> None:
        self._connection = connection
        self._visitor = visitor
        self._hub = hub
        self._channels: dict[str, Channel] = {}
        self._joins = Pace(hub.limits.joins_per_second)
        self._expiries: dict[str, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        """Serve the client until it goes."""
        checking = asyncio.create_task(self._check_sessions())
        try:
            await self._connection.run(self._handle)
        finally:
            checking.cancel()
            for channel in tuple(self._channels.values()):
                self._drop(channel)

    async def _handle(self, frame: Frame) -> None:
        if frame.topic == "phoenix":
            if frame.event == "heartbeat":
                self._reply(frame, "ok", {})
            return
        if frame.event == "phx_join":
            await self._join(frame)
            return
        channel = self._channels.get(frame.topic)
        action = _ACTIONS.get(frame.event)
        if channel is None:
            self._reply(frame, "error", {"reason": "unmatched topic"})
        elif action is not None:
            await action(self, channel, frame)

    async def _join(self, frame: Frame) -> None:
        before = self._channels.get(frame.topic)
        if before is not None:  # a client that joins again has forgotten the channel
            self._drop(before)
            before.close()
        try:
            if not self._joins.is_kept():
                self._connection.end(POLICY_VIOLATION, "Too many joins per second")
                raise Refused("ClientJoinRateLimitReached", "Too many joins per second")
            if len(self._channels) >= self._hub.limits.max_channels:
                raise Refused("ChannelRateLimitReached", "Too many channels")
            channel = await admit(frame, self._connection, self._visitor, self._hub)
        except Refused as refused:
            self._reply(frame, "error", {"reason": str(refused)})
            return
        self._channels[frame.topic] = channel
        self._hub.join(channel)
        self._expect_expiry(channel)
        await self._welcome(channel, frame)

    async def _welcome(self, channel: Channel, frame: Frame) -> None:
        changes = channel.config.changes
        refusal = None
        if changes:
            try:
                channel.bindings = await bind_changes(channel, self._hub)
            except Refused as refused:
                refusal = str(refused)
        numbered = [
            {**asked, "id": number}
            for asked, number in zip(changes, self._numbers(channel), strict=True)
        ]
        self._reply(frame, "ok", {"postgres_changes": numbered})
        if channel.config.has_presence and channel.hears("presence"):
            channel.push("presence_state", self._hub.presence_of(channel.place))
        if refusal is not None:
            channel.tell("error", "postgres_changes", refusal)
        elif changes:
            self._hub.follow(channel)

    def _numbers(self, channel: Channel) -> list[int]:
        if channel.bindings:
            return [binding.id for binding in channel.bindings]
        return [place + 1 for place in range(len(channel.config.changes))]

    async def _leave(self, channel: Channel, frame: Frame) -> None:
        self._drop(channel)
        self._reply(frame, "ok", {})
        channel.close()

    async def _broadcast(self, channel: Channel, frame: Frame) -> None:
        event = frame.payload.get("event")
        if not isinstance(event, str) or not await self._may_write(channel, "broadcast"):
            return
        message = {"type": "broadcast", "event": event, "payload": frame.payload.get("payload", {})}
        own = channel if not channel.config.wants_own else None
        self._hub.broadcast(channel.place, message, but=own)
        if channel.config.wants_ack:
            self._reply(frame, "ok", {})

    async def _presence(self, channel: Channel, frame: Frame) -> None:
        event, payload = str(frame.payload.get("event")).lower(), frame.payload.get("payload", {})
        if not isinstance(payload, dict):
            self._reply(frame, "error", {"reason": "Presence track payload must be a map"})
            return
        if event not in ("track", "untrack") or not await self._may_write(channel, "presence"):
            self._reply(frame, "error", {})
            return
        difference = track(channel, payload) if event == "track" else untrack(channel)
        self._reply(frame, "ok", {})
        if difference:
            self._hub.tell_presence(channel.place, difference)

    async def _may_write(self, channel: Channel, extension: str) -> bool:
        if not channel.config.is_private:
            return True
        if channel.may_write is None:
            try:
                channel.may_write = await rights_to_write(
                    self._hub.database, channel.caller, channel.name
                )
            except (ServiceError, psycopg.Error):
                return False  # asked again the next time
        return extension in channel.may_write

    async def _renew(self, channel: Channel, frame: Frame) -> None:
        token = frame.payload.get("access_token")
        if not isinstance(token, str) or token.startswith("sb_") or token == channel.token:
            return
        try:
            channel.caller, channel.token = await self._visitor.identify(token)
            channel.may_write = None
            if channel.config.is_private:
                channel.may_read = await readable(channel, self._hub)
        except Refused as refused:
            self._shut(channel, refused.message)
            return
        self._expect_expiry(channel)
        if channel.bindings:
            self._hub.follow(channel)

    async def _check_sessions(self) -> None:
        """Close the channels of those who were signed out elsewhere, were banned or deleted."""
        while True:
            await asyncio.sleep(self._hub.limits.recheck_seconds)
            for channel in tuple(self._channels.values()):
                try:
                    await self._visitor.identify(channel.token)
                except Refused as refused:
                    if refused.reason != "UnableToConnectToProject":
                        self._shut(channel, refused.message)

    def _expect_expiry(self, channel: Channel) -> None:
        if handle := self._expiries.pop(channel.topic, None):
            handle.cancel()
        seconds = seconds_left(channel.caller)
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._expiries[channel.topic] = loop.call_later(seconds, self._shut, channel, _EXPIRED)

    def _shut(self, channel: Channel, message: str) -> None:
        if self._channels.get(channel.topic) is channel:
            self._drop(channel)
            channel.tell("error", "system", message)
            channel.close()

    def _drop(self, channel: Channel) -> None:
        if self._channels.get(channel.topic) is channel:
            del self._channels[channel.topic]
        if handle := self._expiries.pop(channel.topic, None):
            handle.cancel()
        self._hub.leave(channel)

    def _reply(self, frame: Frame, status: Any, response: dict[str, Any]) -> None:
        self._connection.send(render_reply(self._connection.version, frame, status, response))


_Action = Callable[[Visit, Channel, Frame], Awaitable[None]]
_ACTIONS: dict[str, _Action] = {
    "phx_leave": Visit._leave,
    "broadcast": Visit._broadcast,
    "presence": Visit._presence,
    "access_token": Visit._renew,
}
