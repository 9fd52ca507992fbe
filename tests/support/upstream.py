"""A provider that speaks OpenAI's chat completions over a real socket, faults included.

The model named in the request chooses what happens; `SCRIPTS` lists them. Run it alone with
`python -m tests.support.upstream PORT`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Writer = asyncio.StreamWriter
Script = Callable[["Upstream", dict[str, Any], Writer], Awaitable[None]]

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


@dataclass
class Upstream:
    """What was asked of it, and how it answers."""

    words: int = 3
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    open_streams: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """The model `waits` answers half, and the rest when this is set."""
    port: int = 0
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["Upstream"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self.connections):
                task.cancel()
            await asyncio.gather(*self.connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        try:
            await self._answer_all(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            self.connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.headers.append(headers)
            request = json.loads(body or b"{}")
            self.requests.append(request)
            self.open_streams += 1
            try:
                await SCRIPTS.get(request.get("model", ""), _answer)(self, request, writer)
            finally:
                self.open_streams -= 1


def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
    body = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5}}\n\n'
DONE = b"data: [DONE]\n\n"
END = b"0\r\n\r\n"


async def _answer(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
    text = [event({"content": f"word{number} "}) for number in range(self.words)]
    body = b"".join(text) + event({}, "stop") + USAGE + DONE
    writer.write(_STREAM_HEAD + chunk(body) + END)
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


def _status(code: int, kind: str, body: bytes, extra: bytes = b"") -> Script:
    async def script(self: Upstream, request: dict[str, Any], writer: Writer) -> None:
        head = f"HTTP/1.1 {code} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + extra + b"\r\n" + body)
        await writer.drain()

    return script


_ERROR = b'{"error":{"message":"the key sk-secret is wrong"}}'

SCRIPTS: dict[str, Script] = {
    "one-by-one": _one_by_one,
    "waits": _waits,
    "silent": _silent,
    "thinks": _thinks,
    "length": _length,
    "no-end": _no_end,
    "cut": _cut,
    "error-in-stream": _error_in_stream,
    "garbage": _garbage,
    "nothing": _nothing,
    "hangs-up": _hangs_up,
    "hostile": _hostile,
    "401": _status(401, "application/json", _ERROR),
    "404": _status(404, "application/json", _ERROR),
    "429": _status(429, "application/json", _ERROR),
    "500": _status(500, "application/json", _ERROR),
    "html": _status(200, "text/html", b"<html>sk-secret</html>"),
    "redirect": _status(307, "text/plain", b"", b"location: http://127.0.0.1:9/\r\n"),
}


async def _main(port: int) -> None:
    async with Upstream(words=50).running(port) as upstream:
        print(upstream.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
