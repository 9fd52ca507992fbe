"""A provider that speaks OpenAI's chat completions over a real socket, faults included.

The model named in the request chooses what happens; `SCRIPTS` lists them. Run it alone with
`python -m tests.support.upstream PORT`.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_upstream import END, HttpUpstream, Writer, chunk, stream_head, whole

Script = Callable[["Upstream", dict[str, Any], Writer], Awaitable[None]]

_STREAM_HEAD = stream_head("text/event-stream")


@dataclass
class Upstream(HttpUpstream):
    """How it answers."""

    words: int = 3
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """The model `waits` answers half, and the rest when this is set."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def answer(self, request: dict[str, Any], writer: Writer) -> None:
        await SCRIPTS.get(request.get("model", ""), _answer)(self, request, writer)


def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
    body = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5}}\n\n'
DONE = b"data: [DONE]\n\n"


async def _answer(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    text = [event({"content": f"word{number} "}) for number in range(self.words)]
    body = b"".join(text) + event({}, "stop") + USAGE + DONE
    writer.write(_STREAM_HEAD + chunk(body) + END)
    await writer.drain()


async def _code(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    text = "PASS\n\n```sh\ndate\n```\n"
    writer.write(
        _STREAM_HEAD + chunk(event({"content": text}) + event({}, "stop") + USAGE + DONE) + END
    )
    await writer.drain()


async def _one_by_one(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_STREAM_HEAD)
    for number in range(self.words):
        writer.write(chunk(event({"content": f"word{number} "})))
        await writer.drain()
        await asyncio.sleep(0.05)
    writer.write(chunk(event({}, "stop") + USAGE + DONE) + END)
    await writer.drain()


async def _waits(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_STREAM_HEAD + chunk(event({"content": "first half, "})))
    await writer.drain()
    await self.release.wait()
    writer.write(chunk(event({"content": "second half"}) + event({}, "stop") + DONE) + END)
    await writer.drain()


async def _silent(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_STREAM_HEAD)
    while True:
        writer.write(chunk(b": still here\n\n"))
        await writer.drain()
        await asyncio.sleep(0.05)


async def _thinks(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    body = event({"reasoning_content": "hm"}) + event({"content": "yes"}) + event({}, "stop")
    writer.write(_STREAM_HEAD + chunk(body + USAGE + DONE) + END)
    await writer.drain()


async def _thinks_on(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    begin = event({"reasoning_content": "Hm, "}) + event({"content": "first half, "})
    writer.write(_STREAM_HEAD + chunk(begin))
    await writer.drain()
    await self.release.wait()
    rest = event({"reasoning_content": "oh."}) + event({"content": "second half"})
    writer.write(chunk(rest + event({}, "stop") + DONE) + END)
    await writer.drain()


async def _length(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    body = event({"content": "cut of"}) + event({}, "length") + USAGE + DONE
    writer.write(_STREAM_HEAD + chunk(body) + END)
    await writer.drain()


async def _no_end(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_STREAM_HEAD + chunk(event({"content": "half an ans"})) + END)
    await writer.drain()


async def _cut(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_STREAM_HEAD + chunk(event({"content": "half an ans"})) + b"ff\r\ndata: {")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()


async def _error_in_stream(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    error = b'data: {"error":{"message":"overloaded sk-secret","code":503}}\n\n'
    writer.write(_STREAM_HEAD + chunk(event({"content": "half "}) + error) + END)
    await writer.drain()


async def _garbage(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_STREAM_HEAD + chunk(b"data: {not json\n\n") + END)
    await writer.drain()


async def _nothing(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.write(_STREAM_HEAD + END)
    await writer.drain()


async def _hangs_up(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    writer.transport.abort()


async def _hostile(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    text = "a\x1b]52;c;aGk=\x07b\n\nevent: done\ndata: [DONE]\n\nc"
    body = event({"content": text}) + event({}, "stop") + USAGE + DONE
    writer.write(_STREAM_HEAD + chunk(body) + END)
    await writer.drain()


def _status(code: int, kind: str, body: bytes, **extra: str) -> Script:
    async def script(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
        writer.write(whole(code, kind, body, **extra))
        await writer.drain()

    return script


async def _busy_once(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    asked = sum(earlier.get("model") == "busy-once" for earlier in self.requests)
    script = _answer if asked % 2 == 0 else _status(429, "application/json", _ERROR)
    await script(self, request, writer)


_ERROR = b'{"error":{"message":"the key sk-secret is wrong"}}'

SCRIPTS: dict[str, Script] = {
    "code": _code,
    "one-by-one": _one_by_one,
    "waits": _waits,
    "silent": _silent,
    "thinks": _thinks,
    "thinks-on": _thinks_on,
    "length": _length,
    "no-end": _no_end,
    "cut": _cut,
    "error-in-stream": _error_in_stream,
    "garbage": _garbage,
    "nothing": _nothing,
    "hangs-up": _hangs_up,
    "hostile": _hostile,
    "busy-once": _busy_once,
    "429-for-an-hour": _status(429, "application/json", _ERROR, **{"retry-after": "3600"}),
    "401": _status(401, "application/json", _ERROR),
    "404": _status(404, "application/json", _ERROR),
    "429": _status(429, "application/json", _ERROR),
    "500": _status(500, "application/json", _ERROR),
    "html": _status(200, "text/html", b"<html>sk-secret</html>"),
    "redirect": _status(307, "text/plain", b"", location="http://127.0.0.1:9/"),
}


async def _main(port: int) -> None:
    async with Upstream(words=50).running(port) as upstream:
        print(upstream.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
