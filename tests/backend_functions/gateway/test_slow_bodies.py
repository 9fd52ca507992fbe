"""Bodies that hardly come: each service gives them up in its own words, and goes on meanwhile."""

import socket
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from backend_functions.gateway.storage import writing_routes
from backend_functions.gateway.storage.bodies import read_upload
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.db

MESSAGE = "The request took too long to arrive. Try again on a better connection."
REST = {"code": "PGRST102", "details": None, "hint": None, "message": MESSAGE}
AUTH = {"code": 408, "error_code": "request_timeout", "msg": MESSAGE}
STORAGE = {
    "statusCode": "408",
    "error": "Aborted",
    "message": "The request took too long to arrive",
    "code": "Aborted",
}
FORM = b'--x\r\ncontent-disposition: form-data; name="cacheControl"\r\n\r\n3600\r\n--x\r\nconten'


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend_functions.http._MAX_BODY_SECONDS", 0.3)
    monkeypatch.setattr(
        writing_routes, "read_upload", lambda request, usual: read_upload(request, 0.3)
    )


def opened(
    gateway: RunningGateway, method: str, path: str, begun: bytes, kind: str = "application/json"
) -> socket.socket:
    """Begin a request of the service's and send no more than the first bytes of its body."""
    address, key = urlsplit(gateway.url), gateway.cluster.keys.secret_key
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: x\r\napikey: {key}\r\nauthorization: Bearer {key}\r\n"
        f"content-type: {kind}\r\ncontent-length: 1000\r\n\r\n"
    )
    connection = socket.create_connection((address.hostname, address.port or 80), timeout=30)
    connection.sendall(head.encode() + begun)
    return connection


def ask_slowly(gateway: RunningGateway, *request: Any, dripping: bool) -> tuple[str, Any]:
    """Return the status line and the JSON that a request is answered with whose body stays away.

    A byte that is sent just when the answer comes meets a closed connection, and the answer is lost
    with it, which is how TCP is: then the request is made again.
    """
    while True:
        with closing(opened(gateway, *request)) as connection:
            try:
                return _answer_to(connection, dripping=dripping)
            except (ConnectionResetError, BrokenPipeError):
                continue


def _answer_to(connection: socket.socket, *, dripping: bool) -> tuple[str, Any]:
    """Return what comes until the other side closes."""
    received = bytearray()
    connection.settimeout(0.02 if dripping else 30)
    while True:
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            connection.sendall(b"x")
            continue
        if not piece:
            break
        received += piece
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), orjson.loads(body)


@pytest.mark.parametrize("dripping", [True, False], ids=["one byte at a time", "stopped"])
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/rest/v1/chats", REST),
        ("POST", "/rest/v1/rpc/search_messages", REST),
        ("POST", "/auth/v1/signup", AUTH),
        ("POST", "/storage/v1/bucket", STORAGE),
        ("POST", "/realtime/v1/api/broadcast", {"error": MESSAGE}),
    ],
)
def test_a_body_that_does_not_come_to_its_end_is_given_up(
    gateway: RunningGateway, method: str, path: str, expected: Any, dripping: bool
) -> None:
    status, body = ask_slowly(gateway, method, path, b"{", dripping=dripping)

    stated = "400" if expected is STORAGE else "408"  # Storage states it in the body alone
    assert status.split()[1] == stated
    assert body == expected


@pytest.mark.parametrize("dripping", [True, False], ids=["one byte at a time", "stopped"])
@pytest.mark.parametrize(
    ("kind", "begun"),
    [("text/plain", b"x"), ("multipart/form-data; boundary=x", FORM)],
    ids=["plain", "form"],
)
def test_an_upload_below_any_pace_is_given_up_and_leaves_nothing(
    gateway: RunningGateway, kind: str, begun: bytes, dripping: bool
) -> None:
    before = gateway.files()

    upload = ("POST", "/storage/v1/object/user_assets/slow", begun, kind)
    status, body = ask_slowly(gateway, *upload, dripping=dripping)

    assert (status.split()[1], body) == ("400", STORAGE)
    assert gateway.files() == before


def test_slow_bodies_keep_nobody_else_waiting(gateway: RunningGateway) -> None:
    key = gateway.cluster.keys.secret_key
    with ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(closing(opened(gateway, "POST", "/rest/v1/chats", b"[")))
        answer = httpx.get(f"{gateway.url}/rest/v1/chats?limit=1", headers={"apikey": key})

    assert answer.status_code == 200
