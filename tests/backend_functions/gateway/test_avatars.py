"""An avatar is a picture that the server drew anew, whatever somebody sent."""

import io
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from tests.support.gateway import Person, RunningGateway
from tests.support.picture_files import HTML, SVG, bomb, encoded, photo, with_metadata
from tests.support.plain import NO_TLS

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def alice(gateway: RunningGateway) -> Iterator[Person]:
    person = gateway.sign_up()
    with person.http:
        yield person


def send(gateway: RunningGateway, person: Person, content: bytes, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(
        f"{gateway.url}/functions/v1/avatar",
        content=content,
        headers={"authorization": f"Bearer {person.token}"} | names,
        timeout=30,
        verify=NO_TLS,
    )


def stored(gateway: RunningGateway, person: Person) -> httpx.Response:
    with gateway.anonymous.http as http:
        return http.get(f"object/authenticated/user_assets/public/avatars/{person.id}.png")


def test_a_photo_becomes_a_square_png_that_everybody_sees(
    gateway: RunningGateway, alice: Person
) -> None:
    answer = send(gateway, alice, encoded(photo(1200, 800), "JPEG"), content_type="image/jpeg")

    record = answer.raise_for_status().json()
    seen = stored(gateway, alice)
    assert Image.open(io.BytesIO(seen.content)).size == (512, 512)
    assert seen.headers["content-type"] == "image/png"
    assert record == {
        "path": f"public/avatars/{alice.id}.png",
        "width": 512,
        "height": 512,
        "size": len(seen.content),
    }


def test_a_new_avatar_takes_the_place_of_the_old_and_tells_nothing_of_its_file(
    gateway: RunningGateway, alice: Person
) -> None:
    before = stored(gateway, alice).content

    send(gateway, alice, with_metadata("my address")).raise_for_status()

    after = stored(gateway, alice).content
    assert after != before
    assert Image.open(io.BytesIO(after)).size == (32, 32)
    assert b"my address" not in after


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (HTML, 422, "invalid_request"),
        (SVG, 422, "invalid_request"),
        (bomb(), 413, "too_large"),
        (b"", 422, "invalid_request"),
        (bytes(33 * 1024 * 1024), 413, "too_large"),
    ],
    ids=["html", "svg", "bomb", "nothing", "33 MiB"],
)
def test_what_is_no_picture_is_refused_and_nothing_changes(
    gateway: RunningGateway, alice: Person, content: bytes, status: int, code: str
) -> None:
    before = stored(gateway, alice).content

    answer = send(gateway, alice, content, content_type="image/png")

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert stored(gateway, alice).content == before


def test_one_who_sends_many_at_once_is_asked_to_wait_for_the_first(
    gateway: RunningGateway, alice: Person
) -> None:
    picture = encoded(photo(40, 40), "PNG")
    with closing(HTTPConnection(gateway.url.removeprefix("http://"), timeout=60)) as first:
        first.putrequest("POST", "/functions/v1/avatar")
        first.putheader("authorization", f"Bearer {alice.token}")
        first.putheader("content-length", str(len(picture)))
        first.endheaders(picture[:100])
        deadline = time.monotonic() + 60
        while (answer := send(gateway, alice, picture)).status_code == 200:
            assert time.monotonic() < deadline, "the first one has begun by now"
        first.send(picture[100:])
        assert first.getresponse().status == 200

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_requests")
    assert "retry-after" in answer.headers
    assert send(gateway, alice, picture).status_code == 200


def test_nobody_gives_themselves_or_others_an_avatar_another_way(
    gateway: RunningGateway, alice: Person
) -> None:
    signed_out = Person(alice.http, token=f"{uuid4()}")
    path = f"user_assets/public/avatars/{alice.id}.png"

    assert send(gateway, signed_out, encoded(photo(9, 9), "PNG")).status_code == 401
    packed = send(gateway, alice, b"x", content_encoding="gzip")
    assert packed.json()["error"]["code"] == "unsupported_media_type"
    for method in ("POST", "PUT"):
        answer = alice.send(
            method, f"object/{path}", content=HTML, headers={"content-type": "text/html"}
        )
        assert answer.json()["statusCode"] == "403"
