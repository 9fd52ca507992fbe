"""A bucket's limits hold whatever a request says of itself, and nothing half is ever seen."""

import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.backend_functions.gateway.storage.conftest import status_of
from tests.support.gateway import Person, RunningGateway


@pytest.fixture
def small_bucket(service: Person, bucket: str) -> str:
    limits = {"file_size_limit": "1kb", "allowed_mime_types": ["image/png", "text/*"]}
    assert service.send("PUT", f"bucket/{bucket}", json=limits).is_success
    return bucket


@pytest.mark.parametrize("way", ["length", "chunked", "form"])
def test_too_many_bytes_are_refused_and_leave_nothing(
    gateway: RunningGateway, service: Person, small_bucket: str, way: str
) -> None:
    before, path = gateway.files(), f"object/{small_bucket}/a"
    pieces = (b"x" * 100 for _ in range(11))
    text = {"content-type": "text/plain"}

    match way:
        case "length":
            answer = service.send("POST", path, content=b"x" * 1001, headers=text)
        case "chunked":
            answer = service.send("POST", path, content=pieces, headers=text)
        case _:
            file = ("a", b"x" * 1001, "text/plain")
            answer = service.send("POST", path, files={"file": file})

    assert (status_of(answer), answer.json()["code"]) == ("413", "EntityTooLarge")
    assert gateway.files() == before
    assert service.put_object(f"{small_bucket}/a", b"x" * 1000).is_success


@pytest.mark.parametrize("is_form", [True, False])
@pytest.mark.parametrize(
    ("mime_type", "status"),
    [
        ("image/png", "200"),
        ("text/csv", "200"),
        ("image/svg+xml", "415"),
        ("application/json", "415"),
        ("text", "415"),
    ],
)
def test_only_the_buckets_types_are_taken(
    service: Person, small_bucket: str, mime_type: str, status: str, is_form: bool
) -> None:
    path = f"object/{small_bucket}/a"

    if is_form:
        answer = service.send("POST", path, files={"file": ("a", b"x", mime_type)})
    else:
        answer = service.send("POST", path, content=b"x", headers={"content-type": mime_type})

    assert status_of(answer) == status


@pytest.mark.parametrize("mime_type", ["image/svg+xml", "application/x-msdownload", "video/mp4"])
def test_the_users_bucket_takes_pictures_documents_and_text(
    alice: Person, mine: str, mime_type: str
) -> None:
    assert status_of(alice.put_object(f"{mine}/a", b"x", mime_type)) == "415"


def test_no_bucket_may_take_more_than_the_server(service: Person, bucket: str) -> None:
    limit = {"file_size_limit": "51MB"}

    assert (
        status_of(service.send("PUT", f"bucket/{bucket}", json={"file_size_limit": "53MB"}))
        == "413"
    )
    assert service.send("PUT", f"bucket/{bucket}", json=limit).is_success


@pytest.mark.parametrize("upsert", ["true", "false"])
def test_an_upload_that_breaks_off_changes_nothing(
    gateway: RunningGateway, service: Person, bucket: str, upsert: str
) -> None:
    if upsert == "true":
        service.put_object(f"{bucket}/a", b"old")
    before = gateway.files()
    address = urlsplit(gateway.url)
    key = gateway.cluster.keys.secret_key
    head = (
        f"POST /storage/v1/object/{bucket}/a HTTP/1.1\r\nhost: x\r\nx-upsert: {upsert}\r\n"
        f"authorization: Bearer {key}\r\ncontent-type: text/plain\r\n"
        "content-length: 5000000\r\n\r\n"
    )

    with socket.create_connection((address.hostname, address.port or 80)) as connection:
        connection.sendall(head.encode() + b"x" * 2_000_000)
        _wait_until(lambda: gateway.files() != before)
    _wait_until(lambda: gateway.files() == before)

    answer = service.send("GET", f"object/{bucket}/a")
    if upsert == "true":
        assert answer.content == b"old"
    else:
        assert status_of(answer) == "404"


def test_an_object_is_unseen_until_its_last_byte_came(
    gateway: RunningGateway, service: Person, bucket: str
) -> None:
    seen: list[str] = []
    before = gateway.files()

    def pieces() -> Iterator[bytes]:
        yield b"x" * 2_000_000
        _wait_until(lambda: gateway.files() != before)
        with gateway.service.http as other:
            seen.append(status_of(other.get(f"object/{bucket}/a")))
            seen.append(other.post(f"object/list/{bucket}", json={"prefix": ""}).text)
        yield b"y"

    answer = service.send("POST", f"object/{bucket}/a", content=pieces())

    assert answer.is_success
    assert seen == ["404", "[]"]
    assert len(service.send("GET", f"object/{bucket}/a").content) == 2_000_001


def test_a_reader_gets_the_whole_of_what_is_replaced_meanwhile(
    service: Person, bucket: str
) -> None:
    old, new = b"o" * 6_000_000, b"n" * 10
    service.put_object(f"{bucket}/a", old)

    with service.http.stream("GET", f"object/{bucket}/a") as response:
        pieces = response.iter_bytes()
        read = next(pieces)
        with httpx.Client(base_url=service.http.base_url, headers=service.http.headers) as other:
            assert other.put(f"object/{bucket}/a", content=new).is_success
        read += b"".join(pieces)

    assert read == old
    assert service.send("GET", f"object/{bucket}/a").content == new


def test_a_disk_that_takes_nothing_is_said_and_changes_nothing(
    gateway: RunningGateway, service: Person, bucket: str
) -> None:
    service.put_object(f"{bucket}/a", b"old")
    incoming = gateway.objects / "incoming"
    away = incoming.rename(incoming.with_name("away"))
    try:
        answer = service.put_object(f"{bucket}/a", b"new", x_upsert="true")
    finally:
        away.rename(incoming)

    assert (answer.status_code, answer.json()["code"]) == (500, "InternalError")
    assert service.send("GET", f"object/{bucket}/a").content == b"old"


def test_user_metadata_has_a_bound(service: Person, bucket: str) -> None:
    file = {"file": ("a", b"x", "text/plain")}
    metadata = '{"a": "' + "x" * 1024 * 1024 + '"}'

    answer = service.send("POST", f"object/{bucket}/a", data={"metadata": metadata}, files=file)

    assert status_of(answer) == "413"


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)
