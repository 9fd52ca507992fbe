"""A provider of pictures on a real socket; the model that is named chooses what happens."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.support.http_upstream import HttpUpstream, Writer, whole
from tests.support.picture_files import encoded

Script = Callable[["PictureMaker", dict[str, Any], Writer], Awaitable[None]]


def png(width: int = 3, height: int = 2) -> bytes:
    """A whole PNG, black, such as the server writes them: drawn anew it is the same."""
    return encoded(Image.new("RGB", (width, height)), "PNG", compress_level=3)


@dataclass
class PictureMaker(HttpUpstream):
    """How it answers."""

    release: asyncio.Event = field(default_factory=asyncio.Event)
    """The model `waits` answers when this is set."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/openai"

    async def answer(self, request: dict[str, Any], writer: Writer) -> None:
        await _SCRIPTS.get(request.get("model", ""), _make)(self, request, writer)


def _json(status: int, body: Any, **headers: str) -> bytes:
    return whole(status, "application/json", json.dumps(body).encode(), **headers)


async def _make(self: PictureMaker, request: dict[str, Any], writer: Writer) -> None:
    made = {"data": [{"b64_json": b64encode(png()).decode()}], "cost": 0.01}
    writer.write(_json(200, made))
    await writer.drain()


async def _waits(self: PictureMaker, request: dict[str, Any], writer: Writer) -> None:
    await self.release.wait()
    await _make(self, request, writer)


async def _busy_once(self: PictureMaker, request: dict[str, Any], writer: Writer) -> None:
    asked = [earlier for earlier in self.requests if earlier == request]
    if len(asked) > 1:
        await _make(self, request, writer)
        return
    writer.write(_json(429, {"error": {"message": "slow down"}}, retry_after="1"))
    await writer.drain()


async def _broken(self: PictureMaker, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_json(500, {"error": {"message": "internal sk-canary"}}))
    await writer.drain()


async def _refuses(self: PictureMaker, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_json(400, {"error": {"message": "moderated sk-canary"}}))
    await writer.drain()


async def _no_picture(self: PictureMaker, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_json(200, {"data": [{"b64_json": b64encode(b"<html>").decode()}]}))
    await writer.drain()


_SCRIPTS: dict[str, Script] = {
    "waits": _waits,
    "busy-once": _busy_once,
    "broken": _broken,
    "refuses": _refuses,
    "no-picture": _no_picture,
}
