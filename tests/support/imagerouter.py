"""ImageRouter over a real socket, faults included: `python -m tests.support.imagerouter PORT`.

The model named in the request chooses what happens: `FAULTS` lists them; any other, such as
ImageRouter's own `test/test`, makes a picture of the prompt's colour in the size asked for.

Source: https://docs.imagerouter.io/api-reference/image-generation and what answers there,
https://github.com/DaWe35/image-router: spaces come before an answer that takes long, and what fails
once they may have come is told with status 200.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from typing import Any, Final

from tests.support.http_upstream import END, HttpUpstream, Writer, chunk, stream_head, whole
from tests.support.imagerouter_answers import (
    asked_to_wait,
    failed_late,
    picture_answer,
    refused,
)
from tests.support.picture_files import HTML, SVG, animated, bomb, encoded, photo, png_of

MODEL: Final = "test/test"
"""The free model that ImageRouter publishes for trying its API."""
KEY: Final = "ir" * 32
"""The key it knows; keys have 64 characters."""
OTHER_KEY: Final = "0u" * 32
"""Another one it knows, of somebody else."""
_SIZE: Final = re.compile(r"auto|(\d+)[xX*](\d+)")
_QUALITIES: Final = ("auto", "low", "medium", "high")
_FORMATS: Final = ("url", "b64_json", "b64_ephemeral")
_HEARTBEAT_SECONDS: Final = 0.05
_MOST_PIXELS_A_SIDE: Final = 4096

Fault = Callable[["ImageRouter", dict[str, Any], Writer], Awaitable[None]]


@dataclass
class ImageRouter(HttpUpstream):
    """What it made, and how it answers."""

    release: asyncio.Event = field(default_factory=asyncio.Event)
    """The model `waits` answers when this is set, and sends spaces until then."""
    elsewhere: str = "https://10.0.0.1/picture.png"
    """Where the models `url-elsewhere`, `url-redirect` and `redirect` lead."""
    delay_seconds: float = 0.0
    """How long it takes to make a picture."""
    made: list[dict[str, Any]] = field(default_factory=list)
    """The requests that would have been charged, in order."""
    fetched: list[str] = field(default_factory=list)
    """The names of the pictures that were fetched from it."""
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """By name: a media type and bytes."""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1/openai"

    def read(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        kind = headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            return super().read(headers, body)
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        parts = BytesParser(policy=policy.HTTP).parsebytes(head + body)
        form: dict[str, Any] = {}
        for part in parts.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            value = part.get_payload(decode=True)
            assert isinstance(value, bytes)
            form[name] = value if part.get_filename() else value.decode()
        return form

    async def answer(self, request: dict[str, Any], writer: Writer) -> None:
        target, headers = self.targets[-1], self.headers[-1]
        if target.startswith("/files/"):
            await self._give_file(target.removeprefix("/files/"), writer)
        elif target not in ("/v1/openai/images/generations", "/v1/openai/images/edits"):
            writer.write(refused(404, "not found", "invalid_request_error"))
        elif headers.get("authorization") not in (f"Bearer {KEY}", f"Bearer {OTHER_KEY}"):
            writer.write(refused(401, "Invalid API key", "unauthorized"))
        elif objection := _objection(request):
            writer.write(refused(400, objection, "invalid_request_error"))
        else:
            await FAULTS.get(request["model"], _well)(self, request, writer)
        await writer.drain()

    async def _give_file(self, name: str, writer: Writer) -> None:
        self.fetched.append(name)
        if name == "leads-away":
            writer.write(whole(302, "text/plain", b"", location=self.elsewhere))
        elif name == "endless":
            await _flood(writer)
        elif name == "broken":
            writer.write(whole(503, "text/plain", b""))
        elif name in self.files:
            writer.write(whole(200, *self.files[name]))
        else:
            writer.write(whole(404, "text/plain", b""))

    def put(self, data: bytes, media_type: str = "image/png") -> str:
        """Keep a picture to be fetched; returns its URL."""
        name = f"{len(self.files)}.png"
        self.files[name] = (media_type, data)
        return f"{self.origin}/files/{name}"

    def times(self, model: str) -> int:
        """How often a model was asked, refusals included."""
        return sum(request.get("model") == model for request in self.requests)


def _objection(request: dict[str, Any]) -> str | None:
    prompt = request.get("prompt", "")
    if not isinstance(prompt, str) or len(prompt) > 10_000:
        return "'prompt' must be 10,000 characters or less."
    if not isinstance(request.get("model"), str) or not request["model"]:
        return "'model' is a required parameter"
    if request.get("quality", "auto") not in _QUALITIES:
        return "Invalid enum value. Expected 'auto' | 'low' | 'medium' | 'high'"
    if request.get("response_format", "url") not in _FORMATS:
        return "Invalid enum value. Expected 'url' | 'b64_json' | 'b64_ephemeral'"
    if not _SIZE.fullmatch(request.get("size", "auto")):
        return "'size' must be 'auto' or in the format 'WIDTHxHEIGHT' (e.g. '1024x768')"
    if request["model"].startswith("gone/"):
        return f"model '{request['model']}' is not available"
    return None


def _picture_for(request: dict[str, Any]) -> bytes:
    size = _SIZE.fullmatch(request.get("size", "auto"))
    assert size is not None
    width, height = (min(int(side or 64), _MOST_PIXELS_A_SIDE) for side in size.groups())
    return png_of(request.get("prompt", ""), width, height)


async def _well(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    await asyncio.sleep(self.delay_seconds)
    _send_picture(self, request, writer, _picture_for(request))


def _send_picture(self: ImageRouter, request: dict[str, Any], writer: Writer, data: bytes) -> None:
    self.made.append(request)
    url = self.put(data) if request.get("response_format", "url") == "url" else None
    writer.write(stream_head("application/json") + chunk(picture_answer(data, url)) + END)


async def _waits(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    writer.write(stream_head("application/json"))
    while not self.release.is_set():
        writer.write(chunk(b" "))
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.release.wait(), _HEARTBEAT_SECONDS)
    self.made.append(request)
    writer.write(chunk(picture_answer(_picture_for(request))) + END)


async def _heartbeats(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    writer.write(stream_head("application/json") + chunk(b"  "))
    await asyncio.sleep(2)  # as a picture takes that is worth them
    writer.write(chunk(b" "))
    self.made.append(request)
    writer.write(chunk(picture_answer(_picture_for(request))) + END)


async def _flood(writer: Writer) -> None:
    writer.write(stream_head("image/png") + chunk(png_of("flood")))
    while True:
        writer.write(chunk(bytes(1024 * 1024)))
        await writer.drain()


async def _flood_of_json(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    writer.write(stream_head("application/json") + chunk(b'{"data":[{"b64_json":"'))
    while True:
        writer.write(chunk(b"A" * 1024 * 1024))
        await writer.drain()


async def _cut(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    self.made.append(request)
    writer.write(whole(200, "application/json", picture_answer(_picture_for(request)))[:-20])
    await writer.drain()
    writer.transport.abort()


async def _hangs_up(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    writer.transport.abort()


async def _silent(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    await asyncio.Event().wait()


async def _redirect(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
    writer.write(whole(307, "text/plain", b"", location=self.elsewhere))


def says(answer: bytes) -> Fault:
    """These very bytes."""

    async def fault(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
        writer.write(answer)

    return fault


def once(first: bytes) -> Fault:
    """These bytes the first time, a picture after that."""

    async def fault(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
        if self.times(request["model"]) == 1:
            writer.write(first)
        else:
            await _well(self, request, writer)

    return fault


def gives(make: Callable[[], bytes]) -> Fault:
    """A picture's place taken by these bytes."""

    async def fault(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
        _send_picture(self, request, writer, make())

    return fault


def leads_to(find: Callable[[ImageRouter, dict[str, Any]], str]) -> Fault:
    """A URL in a picture's place, whatever was asked for."""

    async def fault(self: ImageRouter, request: dict[str, Any], writer: Writer) -> None:
        self.made.append(request)
        body = json.dumps({"created": round(time.time() * 1000), "cost": 0.004})
        data = {**json.loads(body), "data": [{"url": find(self, request)}]}
        writer.write(whole(200, "application/json", json.dumps(data).encode()))

    return fault


def _own_file(name: str) -> Fault:
    return leads_to(lambda self, request: f"{self.origin}/files/{name}")


_BUSY = refused(429, "API key rate limit exceeded, please try again later.", "rate_limit_error")
_BROKEN = refused(500, "Error validating API key", "internal_error")
_MODERATED = "Your request was rejected by the safety system."

FAULTS: dict[str, Fault] = {
    "waits": _waits,
    "heartbeats": _heartbeats,
    "silent": _silent,
    "cut": _cut,
    "hangs-up": _hangs_up,
    "flood": _flood_of_json,
    "redirect": _redirect,
    "403": says(refused(403, "Free models are only available on the website", "access_denied")),
    "402": says(refused(402, "Insufficient credits", "payment_required")),
    "no-credits": says(
        failed_late("Insufficient credits (this model needs minimum $0.04 credits)")
    ),
    "429": says(_BUSY),
    "429-once": once(asked_to_wait("1")),
    "429-for-an-hour": says(asked_to_wait("3600")),
    "500": says(_BROKEN),
    "500-once": once(_BROKEN),
    "503": says(refused(503, "overloaded", "internal_error")),
    "moderated": says(
        refused(400, _MODERATED, "image_generation_user_error", "moderation_blocked")
    ),
    "moderated-late": says(
        failed_late(_MODERATED, "image_generation_user_error", "moderation_blocked")
    ),
    "failed-late": says(failed_late("No image or text found in response")),
    "html": says(whole(200, "text/html", HTML)),
    "not-json": says(whole(200, "application/json", b"{not json")),
    "empty": says(whole(200, "application/json", b'{"created":1,"data":[]}')),
    "b64-garbage": says(whole(200, "application/json", b'{"data":[{"b64_json":"%%%not base64"}]}')),
    "gives-html": gives(lambda: HTML),
    "gives-svg": gives(lambda: SVG),
    "gives-bomb": gives(bomb),
    "gives-animated": gives(animated),
    "gives-cut-png": gives(lambda: png_of("cut", 200, 200)[:-40]),
    "gives-jpeg": gives(lambda: encoded(photo(), "JPEG")),
    "gives-webp": gives(lambda: encoded(photo(), "WEBP")),
    "url": leads_to(lambda self, request: self.put(_picture_for(request))),
    "url-elsewhere": leads_to(lambda self, request: self.elsewhere),
    "url-redirect": _own_file("leads-away"),
    "url-flood": _own_file("endless"),
    "url-gone": _own_file("gone"),
    "url-broken": _own_file("broken"),
    "url-html": leads_to(lambda self, request: self.put(HTML)),
    "url-of-a-file": leads_to(lambda self, request: "file:///etc/passwd"),
}


async def _main(port: int) -> None:
    async with ImageRouter().running(port) as imagerouter:
        print(imagerouter.base_url, KEY, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
