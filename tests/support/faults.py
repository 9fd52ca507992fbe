"""Stand-ins for providers of every dialect, that answer well or in every way they can go wrong.

The model named in the request chooses what happens: `FAULTS` lists them; any other answers well.
"""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.anthropic_wire import AnthropicWire
from tests.support.gemini_wire import GeminiWire
from tests.support.http_upstream import END, HttpUpstream, Writer, chunk, stream_head, whole
from tests.support.ollama_wire import OllamaWire
from tests.support.openai_wire import OpenAIWire
from tests.support.wire import Asked, Wire

WIRES: dict[str, Wire] = {
    wire.name: wire for wire in (OpenAIWire(), AnthropicWire(), GeminiWire(), OllamaWire())
}
TINY_EVENTS = 1_000_000
LONG_LINE_BYTES = 50 * 1024 * 1024

Fault = Callable[["DialectUpstream", Writer], Awaitable[None]]


@dataclass
class DialectUpstream(HttpUpstream):
    """A provider of one dialect; refuses, as the real one, what the dialect does not know."""

    wire: Wire = field(default_factory=OpenAIWire)
    faults: dict[str, Fault] = field(default_factory=dict)

    @property
    def base_url(self) -> httpx.URL:
        return httpx.URL(f"http://127.0.0.1:{self.port}{self.wire.path}")

    async def answer(self, request: dict[str, Any], writer: Writer) -> None:
        asked = Asked(self.targets[-1], self.headers[-1], request)
        if not request:
            writer.write(_json(200, self.wire.catalog))
        elif objection := self.wire.objection(asked):
            writer.write(_json(400, {"error": {"message": objection}}))
        else:
            await (FAULTS | self.faults).get(self.wire.model(asked), _well)(self, writer)
        await writer.drain()


def _json(status: int, value: Any, **headers: str) -> bytes:
    return whole(status, "application/json", json.dumps(value).encode(), **headers)


def body(make: Callable[[Wire], bytes]) -> Fault:
    """A stream of 200 with this body, ended as HTTP wants it."""

    async def fault(self: DialectUpstream, writer: Writer) -> None:
        writer.write(stream_head(self.wire.media_type) + chunk(make(self.wire)) + END)

    return fault


def status(code: int, **headers: str) -> Fault:
    """A refusal with the dialect's own words."""

    async def fault(self: DialectUpstream, writer: Writer) -> None:
        writer.write(_json(code, self.wire.error(code), **headers))

    return fault


def head_only(head: Callable[[Wire], bytes]) -> Fault:
    """An answer that is no stream of the dialect."""

    async def fault(self: DialectUpstream, writer: Writer) -> None:
        writer.write(head(self.wire))

    return fault


async def _well(self: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(self.wire.media_type) + chunk(self.wire.answer("one ", "two")) + END)


async def _byte_by_byte(self: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(self.wire.media_type))
    for byte in self.wire.answer("é\u2028", "😀"):
        writer.write(chunk(bytes((byte,))))
        await asyncio.sleep(0)
    writer.write(END)


async def _stalls(self: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(self.wire.media_type) + chunk(self.wire.begin + self.wire.text("a")))
    await asyncio.sleep(30)


async def _says_nothing(self: DialectUpstream, writer: Writer) -> None:
    await asyncio.sleep(30)


async def _keeps_alive(self: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(self.wire.media_type))
    while True:
        writer.write(chunk(self.wire.keep_alive))
        await writer.drain()
        await asyncio.sleep(0.01)


async def _endless(self: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(self.wire.media_type) + chunk(self.wire.begin))
    while True:
        writer.write(chunk(self.wire.text("on ")))
        await writer.drain()
        await asyncio.sleep(0.01)


async def _cut(self: DialectUpstream, writer: Writer) -> None:
    begin = self.wire.begin + self.wire.text("half")
    writer.write(stream_head(self.wire.media_type) + chunk(begin) + b"ff\r\n" + begin[:9])
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


async def _closes_in_a_chunk(self: DialectUpstream, writer: Writer) -> None:
    begin = self.wire.begin + self.wire.text("half")
    writer.write(stream_head(self.wire.media_type) + chunk(begin) + b"ff\r\n" + begin[:9])
    await writer.drain()
    raise ConnectionResetError  # closes with FIN


async def _hangs_up(self: DialectUpstream, writer: Writer) -> None:
    writer.transport.abort()


async def _long_line(self: DialectUpstream, writer: Writer) -> None:
    start = self.wire.text("~").partition(b"~")[0]
    writer.write(stream_head(self.wire.media_type) + chunk(self.wire.begin + start))
    block = chunk(b"x" * 65536)
    for _ in range(LONG_LINE_BYTES // 65536):
        writer.write(block)
        await writer.drain()


async def _tiny_events(self: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head(self.wire.media_type) + chunk(self.wire.begin))
    block = chunk(self.wire.text("x") * 1000)
    for _ in range(TINY_EVENTS // 1000):
        writer.write(block)
        await writer.drain()
    writer.write(chunk(self.wire.finish("stop")) + END)


FAULTS: dict[str, Fault] = {
    **{str(code): status(code) for code in (400, 401, 403, 404, 422, 500, 502, 503, 504, 529)},
    "429": status(429, retry_after="7"),
    "html": head_only(lambda wire: whole(200, "text/html", b"<html>sk-canary</html>")),
    "json-error": head_only(lambda wire: _json(200, wire.error(429))),
    "wrong-type": head_only(lambda wire: whole(200, "text/plain", wire.answer("a"))),
    "no-type": head_only(lambda wire: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
    "compressed": head_only(
        lambda wire: whole(
            200, wire.media_type, gzip.compress(wire.answer("a")), content_encoding="gzip"
        )
    ),
    "redirect": head_only(
        lambda wire: whole(307, "text/plain", b"", location="http://127.0.0.1:9/")
    ),
    "not-http": head_only(lambda wire: b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "nothing": body(lambda wire: b""),
    "no-end": body(lambda wire: wire.begin + wire.text("half")),
    "ends-in-a-line": body(lambda wire: wire.begin + wire.text("half") + wire.text("more")[:-9]),
    "garbage": body(lambda wire: wire.begin + wire.text("half").replace(b"}", b"")),
    "no-object": body(lambda wire: b"[1]\n" if "ndjson" in wire.media_type else b"data: [1]\n\n"),
    "error-event": body(
        lambda wire: wire.begin + wire.text("half") + wire.error_event(529) + wire.text("more")
    ),
    "thinks": body(
        lambda wire: wire.begin + wire.thought("hm") + wire.text("yes") + wire.finish("stop")
    ),
    "length": body(lambda wire: wire.answer("cut o", ending="length")),
    "filtered": body(lambda wire: wire.answer("a", ending="filtered")),
    "crlf": body(lambda wire: wire.answer("a").replace(b"\r", b"").replace(b"\n", b"\r\n")),
    "separators": body(lambda wire: wire.answer("a\u2028b\u2029c\x85d\ve")),
    "not-unicode": body(lambda wire: wire.answer("a~b").replace(b"~", b"\xff")),
    "half-a-pair": body(lambda wire: wire.answer("a~b").replace(b"~", b"\\ud83d")),
    "nul": body(lambda wire: wire.answer("a~b").replace(b"~", b"\\u0000")),
    "after-the-end": body(lambda wire: wire.answer("a") + wire.text("b") + b"data: {not json\n\n"),
    "byte-by-byte": _byte_by_byte,
    "stalls": _stalls,
    "says-nothing": _says_nothing,
    "keeps-alive": _keeps_alive,
    "endless": _endless,
    "cut": _cut,
    "closes-in-a-chunk": _closes_in_a_chunk,
    "hangs-up": _hangs_up,
    "long-line": _long_line,
    "tiny-events": _tiny_events,
}
