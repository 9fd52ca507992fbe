import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from backend_functions.settings import Limits
from tests.backend_functions.conftest import Functions, Person

pytestmark = pytest.mark.db

PATH = "/functions/v1/chat-request"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"{", 422),
        (b'{"chatId":NaN}', 422),
        (b'{"chatId":1e999}', 422),
        (b"[" * 100_000, 422),
        (b'{"a":' * 100_000, 422),
        (b'{"prompt":"\\ud800","chatId":"x"}', 422),
        (b'{"prompt":"\xff","chatId":"x"}', 422),
        (b'{"prompt":"hi","chatId":"not-a-uuid"}', 422),
        (
            b'{"prompt":"hi","chatId":"7d444840-9dc0-11d1-b245-5ffdce74fad2","base_url":"http://x"}',
            422,
        ),
        (b'{"prompt":"a\\u0000b","chatId":"7d444840-9dc0-11d1-b245-5ffdce74fad2"}', 422),
        (b'{"prompt":"","chatId":"7d444840-9dc0-11d1-b245-5ffdce74fad2"}', 422),
        (b'{"prompt":"  ","chatId":"7d444840-9dc0-11d1-b245-5ffdce74fad2"}', 422),
    ],
)
async def test_a_body_that_cannot_be_meant_is_refused(
    alice: Person, body: bytes, status: int
) -> None:
    response = await alice.http.post(PATH, content=body, headers=JSON)

    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message", "request_id"}


@pytest.mark.parametrize("limits", [Limits(max_body_bytes=1000)])
async def test_a_body_is_not_read_beyond_its_bound(alice: Person) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    told = await alice.http.post(PATH, content=b"x" * 2000, headers=JSON)
    chunked = await alice.http.post(PATH, content=endless(), headers=JSON)

    assert (told.status_code, chunked.status_code) == (413, 413)


async def test_a_body_that_does_not_come_to_its_end_is_given_up(
    functions: Functions, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_functions.http._MAX_BODY_SECONDS", 0.2)
    address = httpx.URL(functions.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    lines = [f"POST {PATH} HTTP/1.1", "host: x", "content-length: 1000"]
    lines += [f"authorization: {alice.http.headers['authorization']}"]
    lines += ["content-type: application/json", "", "{"]

    writer.write("\r\n".join(lines).encode())
    response = await reader.read()  # to the end: the connection is closed

    assert response.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in response
    writer.close()


async def test_only_plain_json_is_taken(alice: Person) -> None:
    form = await alice.http.post(PATH, data={"prompt": "hi"})
    packed = await alice.http.post(
        PATH, content=gzip.compress(b"{}"), headers=JSON | {"content-encoding": "gzip"}
    )

    assert (form.status_code, packed.status_code) == (415, 415)


async def test_a_wrong_method_names_the_right_one(alice: Person) -> None:
    response = await alice.http.get(PATH)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/functions/v1/nothing", "/functions/v1/", "/", "/elsewhere"])
async def test_an_address_that_is_not_there_is_refused_in_our_shape(
    alice: Person, path: str
) -> None:
    response = await alice.http.post(path, json={})

    assert response.status_code == 404
    error = response.json()["error"]
    assert (error["code"], set(error)) == ("not_found", {"code", "message", "request_id"})


async def test_the_process_tells_that_it_is_there(functions: Functions, alice: Person) -> None:
    response = await alice.http.get("/health")

    assert response.json()["status"] == "ok"


async def test_connections_that_the_database_ended_are_replaced_unseen(
    functions: Functions, alice: Person
) -> None:
    body = {"chatId": "7d444840-9dc0-11d1-b245-5ffdce74fad2", "prompt": "hi"}
    await functions.rows("select pg_sleep(0)")
    name = functions.services.settings.database_url.rsplit("/", 1)[1]
    await functions.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = %s and usename = 'authenticator'",
        name,
    )

    response = await alice.http.post(PATH, json=body)

    assert response.status_code == 404, "the pool gave a dead connection away"


async def test_a_web_page_elsewhere_is_not_let_in(alice: Person) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}

    preflight = await alice.http.options(PATH, headers=headers)

    assert preflight.status_code == 405
    assert not [name for name in preflight.headers if name.startswith("access-control")]
