"""Server code reads and writes objects as somebody, over a real gateway."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest

from backend_functions.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    NotPermitted,
    TooLarge,
    Unavailable,
    Unsupported,
)
from backend_functions.object_store import HttpObjectStore
from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.support.gateway import Person, RunningGateway, running_gateway
from tests.support.plain import NO_TLS

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def gateway(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("storage") / "objects"
    with new_database(cluster) as name, running_gateway(cluster, name, folder) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def alice(gateway: RunningGateway) -> Iterator[Person]:
    person = gateway.sign_up()
    with person.http:
        yield person


@pytest.fixture
async def store(gateway: RunningGateway) -> AsyncIterator[HttpObjectStore]:
    async with httpx.AsyncClient(timeout=30, verify=NO_TLS) as http:
        key = gateway.cluster.keys.publishable_key
        yield HttpObjectStore(http, supabase_url=gateway.url, api_key=key)


@pytest.fixture
def path(alice: Person) -> str:
    return f"private/user_files/{alice.id}/{uuid4()}/a name (1).txt"


async def _read(store: HttpObjectStore, path: str, token: str, max_bytes: int = MEGABYTE) -> bytes:
    async with store.open(path, token, max_bytes=max_bytes) as found:
        return await found.read()


async def test_what_is_put_is_read_again(store: HttpObjectStore, alice: Person, path: str) -> None:
    content = bytes(range(256)) * 1000

    await store.put(path, content, alice.token, content_type="text/plain")

    async with store.open(path, alice.token, max_bytes=MEGABYTE) as found:
        assert (found.content_type, found.size) == ("text/plain", len(content))
        assert await found.read() == content


async def test_the_token_decides_what_there_is(
    store: HttpObjectStore, gateway: RunningGateway, alice: Person, path: str
) -> None:
    keys = gateway.cluster.keys
    await store.put(path, b"x", alice.token, content_type="text/plain")
    image = f"private/generated_images/{alice.id}/{uuid4()}.png"

    for token, name in (
        (keys.publishable_key, path),
        (alice.token, path.replace(alice.id, str(uuid4()))),
        (alice.token, "private/none"),
    ):
        with pytest.raises(NotFound):
            await _read(store, name, token)
    with pytest.raises(NotPermitted):
        await store.put(image, b"x", alice.token, content_type="image/png")
    with pytest.raises(NotPermitted):
        await _read(store, path, "nonsense")
    await store.put(image, b"x", keys.secret_key, content_type="image/png")
    assert await _read(store, image, alice.token) == b"x"


async def test_what_storage_refuses_is_told_apart(
    store: HttpObjectStore, alice: Person, path: str
) -> None:
    async def put(content: bytes, content_type: str, *, upsert: bool = False) -> None:
        await store.put(path, content, alice.token, content_type=content_type, upsert=upsert)

    await put(b"x", "text/plain")

    with pytest.raises(Conflict):
        await put(b"y", "text/plain")
    with pytest.raises(Unsupported):
        await put(b"y", "video/mp4")
    with pytest.raises(TooLarge):
        await put(b"y" * (50 * MEGABYTE + 1), "text/plain")
    with pytest.raises(InvalidRequest):
        await store.put("private/ü", b"", alice.token, content_type="text/plain")
    await put(b"z", "text/plain", upsert=True)
    assert await _read(store, path, alice.token) == b"z"


@pytest.mark.parametrize("path", ["", "../../../rest/v1/chats", "a/../b", "a//b", "/a", "a/."])
async def test_no_path_leads_out_of_the_bucket(
    store: HttpObjectStore, alice: Person, path: str
) -> None:
    with pytest.raises(NotFound):
        await _read(store, path, alice.token)
    with pytest.raises(NotFound):
        await store.put(path, b"", alice.token, content_type="text/plain")


async def test_more_than_is_wanted_is_not_read(
    store: HttpObjectStore, alice: Person, path: str
) -> None:
    await store.put(path, b"x" * 11, alice.token, content_type="text/plain")

    with pytest.raises(TooLarge):
        await _read(store, path, alice.token, max_bytes=10)
    assert len(await _read(store, path, alice.token, max_bytes=11)) == 11


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nno length",
        b"HTTP/1.1 302 Found\r\nlocation: http://elsewhere\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\ncontent-length: 6\r\n\r\n<html>",
        b"HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\n[]",
        b'HTTP/1.1 544 Timeout\r\ncontent-length: 20\r\n\r\n{"statusCode":"544"}',
        b"",
    ],
    ids=["short", "endless", "redirect", "html", "list", "database", "nothing"],
)
async def test_an_answer_that_storage_would_not_give_is_no_object(answer: bytes) -> None:
    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(give, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(verify=NO_TLS) as http:
        store = HttpObjectStore(http, supabase_url=f"http://127.0.0.1:{port}", api_key="k")
        with pytest.raises(Unavailable):
            await _read(store, "a", "token")


async def test_a_storage_that_is_away_is_unavailable() -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as http:
        store = HttpObjectStore(http, supabase_url="http://127.0.0.1:9", api_key="k")
        with pytest.raises(Unavailable):
            await _read(store, "a", "token")
        with pytest.raises(Unavailable):
            await store.put("a", b"", "token", content_type="text/plain")
