"""What is refused before an app is asked, over raw sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from backend_functions.bounded_http import BoundedHttp, bounded_http
from tests.support.serving import served

GOOD = b"GET /page HTTP/1.1\r\nhost: x\r\n\r\n"


class Quick(BoundedHttp):
    """So that a test of slowness need not be slow."""

    head_seconds = 0.3


class Page:
    """Answers with what it was sent, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on = asyncio.Event()

    def app(self) -> Starlette:
        paths = [Route("/page", self._page, methods=["GET", "POST"]), Route("/slow", self._slow)]
        return Starlette(routes=[*paths, WebSocketRoute("/socket", self._socket)])

    async def _page(self, request: Request) -> Response:
        self.asked += 1
        body = await request.body()
        return JSONResponse({"query": len(request.url.query), "body": len(body)})

    async def _slow(self, request: Request) -> Response:
        await self.go_on.wait()
        return Response("slow")

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        await self.go_on.wait()
        await socket.send_text("still here")
        await socket.close()


class Wire:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def response(self) -> tuple[int, Any]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await self.reader.readexactly(int(length))
        return int(head.split()[1]), json.loads(body) if body.startswith(b"{") else body

    async def is_closed(self) -> bool:
        with suppress(ConnectionError):
            return await self.reader.read(1) == b""
        return True


@pytest.fixture
def page() -> Page:
    return Page()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def wired(page: Page, http: type[BoundedHttp] = BoundedHttp) -> AsyncIterator[Wire]:
    async with served(page.app(), http) as url, connected(url) as wire:
        yield wire


def request(*, target: int = 0, headers: int = 0, each: int = 1, header_bytes: int = 0) -> bytes:
    lines = [b"GET /page?" + b"q" * target + b" HTTP/1.1", b"host: x"]
    lines += [b"x-%d: " % number + b"y" * each for number in range(headers)]
    lines += [b"x-long: " + b"v" * header_bytes] if header_bytes else []
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(target=16_500), 414),
        (request(target=1_000_000), 414),
        (request(header_bytes=8_200), 431),
        (request(header_bytes=1_000_000), 431),
        (request(headers=21, each=400), 431),
        (request(headers=100), 431),
        (request(headers=50_000), 431),
        (b"GET /page HTTP/1.1\r\nx: " + b"v" * 2_000_000, 431),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=[
        "target",
        "huge target",
        "header",
        "huge header",
        "together",
        "many",
        "very many",
        "endless",
        "other",
    ],
)
async def test_a_head_over_its_bounds_is_refused_and_the_connection_closed(
    page: Page, sent: bytes, status: int
) -> None:
    async with wired(page) as wire:
        await wire.send(sent)
        told, body = await wire.response()

        assert told == status
        assert set(body["error"]) == {"code", "message", "request_id"}
        assert await wire.is_closed()
    assert page.asked == 0


@pytest.mark.parametrize(
    "sent",
    [
        request(target=16_000, header_bytes=8_000),
        request(header_bytes=8_000),
        request(headers=20, each=380),
        request(headers=99),
    ],
    ids=["target and header", "header", "together", "many"],
)
async def test_a_head_within_its_bounds_is_taken_also_in_small_pieces(
    page: Page, sent: bytes
) -> None:
    async with wired(page) as wire:
        await wire.send(sent)
        assert (await wire.response())[0] == 200
        for begin in range(0, len(sent), 1000):
            await wire.send(sent[begin : begin + 1000])
            await asyncio.sleep(0)
        assert (await wire.response())[0] == 200
    assert page.asked == 2


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        ([b"x?y/../"], 400),
        ([b"x/y"], 400),
        ([b"me@x"], 400),
        ([b"x y"], 400),
        ([b"x", b"x"], 400),
        ([], 400),
        ([b"x"], 200),
        ([b"127.0.0.1:54321"], 200),
        ([b"[::1]:54321"], 200),
        ([b"my_container"], 200),
        ([b""], 200),
    ],
)
async def test_a_request_names_its_host_once_and_as_a_host(
    page: Page, hosts: list[bytes], status: int
) -> None:
    lines = [b"GET /page HTTP/1.1", *(b"host: " + host for host in hosts)]
    async with wired(page) as wire:
        await wire.send(b"\r\n".join(lines) + b"\r\n\r\n")

        assert (await wire.response())[0] == status
    assert page.asked == (status == 200)


async def test_a_request_of_the_first_http_needs_no_host(page: Page) -> None:
    async with wired(page) as wire:
        await wire.send(b"GET /page HTTP/1.0\r\n\r\n")

        assert (await wire.response())[0] == 200


async def test_a_long_body_is_no_long_head(page: Page) -> None:
    body = b"b" * 300_000
    head = b"POST /page HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with wired(page) as wire:
        await wire.send((head + body) * 2 + GOOD)

        answers = [await wire.response() for _ in range(3)]

    assert [answer[1]["body"] for answer in answers] == [300_000, 300_000, 0]


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"GET /pa", b"GET /page HTTP/1.1\r\nhost: x\r\n"])
async def test_who_does_not_finish_a_head_is_given_up(page: Page, begun: bytes) -> None:
    async with wired(page, Quick) as wire:
        await wire.send(begun)
        if begun.strip():
            assert (await wire.response())[0] == 408
        assert await wire.is_closed()
    assert page.asked == 0


async def test_a_head_that_comes_byte_by_byte_gets_no_more_time(page: Page) -> None:
    async with wired(page, Quick) as wire:

        async def trickle() -> None:
            await wire.send(b"GET /page HTTP/1.1\r\nx: ")
            while True:
                await wire.send(b"y")
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        try:
            assert (await wire.response())[0] == 408
        finally:
            trickling.cancel()


async def test_a_connection_that_is_kept_gets_no_more_time_either(page: Page) -> None:
    async with wired(page, Quick) as wire:
        await wire.send(GOOD)
        assert (await wire.response())[0] == 200
        await wire.send(b"\r\n")

        assert await wire.is_closed()


async def test_an_answer_that_takes_longer_than_a_head_may_is_not_cut(page: Page) -> None:
    async with wired(page, Quick) as wire:
        await wire.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(2 * Quick.head_seconds)
        page.go_on.set()

        assert await wire.response() == (200, b"slow")


async def test_a_socket_that_was_upgraded_is_not_cut(page: Page) -> None:
    async with (
        served(page.app(), Quick) as url,
        connect(f"{url.replace('http', 'ws')}/socket") as socket,
    ):
        await asyncio.sleep(2 * Quick.head_seconds)
        page.go_on.set()
        assert await socket.recv() == "still here"


async def test_one_connection_too_many_is_told_so_and_the_others_go_on(page: Page) -> None:
    async with served(page.app(), bounded_http(2)) as url:
        async with connected(url) as first, connected(url) as second:
            await first.send(GOOD)
            await second.send(GOOD)
            assert [(await wire.response())[0] for wire in (first, second)] == [200, 200]
            async with connected(url) as third:
                status, body = await third.response()
                assert (status, body["error"]["code"]) == (503, "unavailable")
                assert await third.is_closed()
            await first.send(GOOD)
            assert (await first.response())[0] == 200
        while await status_of(url) != 200:  # until the server has noticed that they left
            await asyncio.sleep(0.01)


async def status_of(url: str) -> int:
    async with connected(url) as wire:
        await wire.send(GOOD)
        return (await wire.response())[0]
