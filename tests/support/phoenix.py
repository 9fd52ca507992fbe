"""A client that shows every frame, for tests that look at the wire."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 20.0


class PhoenixClient:
    """One connection, in version 1.0.0 or 2.0.0 of the protocol."""

    def __init__(self, socket: ClientConnection, version: str) -> None:
        self.socket = socket
        self.version = version
        self._references = count(1)
        self._kept: deque[dict[str, Any]] = deque()

    async def send(self, topic: str, event: str, payload: Any = None) -> str:
        """Send a frame and return its reference."""
        ref = str(next(self._references))
        payload = {} if payload is None else payload
        frame: Any = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        if self.version == "2.0.0":
            frame = [ref, ref, topic, event, payload]
        await self.socket.send(json.dumps(frame))
        return ref

    async def next(self) -> dict[str, Any]:
        """Return the next frame, whatever it is."""
        data = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        if isinstance(data, bytes):
            return {"event": "binary", "data": data}
        frame = json.loads(data)
        if isinstance(frame, list):
            frame = dict(zip(("join_ref", "ref", "topic", "event", "payload"), frame, strict=True))
        assert isinstance(frame, dict)
        return frame

    async def until(self, event: str, **parts: Any) -> dict[str, Any]:
        """Return the payload of the next frame of an event that has these parts; keep the others
        for later."""
        for frame in tuple(self._kept):
            if _fits(frame, event, parts):
                self._kept.remove(frame)
                return dict(frame["payload"])
        while True:
            frame = await self.next()
            if _fits(frame, event, parts):
                return dict(frame["payload"])
            self._kept.append(frame)

    async def reply(self, topic: str, event: str, payload: Any = None) -> dict[str, Any]:
        """Send a frame and return the payload of its reply."""
        ref = await self.send(topic, event, payload)
        while True:
            frame = await self.next()
            if frame["event"] == "phx_reply" and frame["ref"] == ref:
                return dict(frame["payload"])
            self._kept.append(frame)

    async def join(
        self, name: str = "room", *, token: str | None = None, **config: Any
    ) -> dict[str, Any]:
        """Join a channel and return the payload of the reply."""
        payload: dict[str, Any] = {"config": config}
        if token is not None:
            payload["access_token"] = token
        return await self.reply(f"realtime:{name}", "phx_join", payload)

    async def follow(self, token: str | None = None, name: str = "room", **binding: Any) -> int:
        """Join a channel for changes, wait until they flow, and return the binding's id."""
        binding = {"event": "*", "schema": "public", **binding}
        reply = await self.join(name, token=token, postgres_changes=[binding])
        assert reply["status"] == "ok", reply
        told = await self.until("system")
        assert told["message"] == "Subscribed to PostgreSQL", told
        return int(reply["response"]["postgres_changes"][0]["id"])

    async def change(self) -> dict[str, Any]:
        """Return the data of the next change."""
        return dict((await self.until("postgres_changes"))["data"])

    async def heard(self) -> list[dict[str, Any]]:
        """Return all frames that came before the reply to a heartbeat that is sent now."""
        ref = await self.send("phoenix", "heartbeat")
        while True:
            frame = await self.next()
            if frame["event"] == "phx_reply" and frame["ref"] == ref:
                heard = list(self._kept)
                self._kept.clear()
                return heard
            self._kept.append(frame)


def _fits(frame: dict[str, Any], event: str, parts: dict[str, Any]) -> bool:
    return bool(frame["event"] == event and parts.items() <= frame["payload"].items())


@asynccontextmanager
async def phoenix(
    url: str, key: str, *, version: str = "1.0.0", **options: Any
) -> AsyncIterator[PhoenixClient]:
    """Connect to the service at a base URL."""
    address = f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?apikey={key}&vsn={version}"
    async with connect(address, **options) as socket:
        yield PhoenixClient(socket, version)
