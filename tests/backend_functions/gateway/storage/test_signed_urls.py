"""Who has a signed URL may do the one thing it was made for."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
import pytest

from backend_functions.gateway.storage.errors import StorageError
from backend_functions.gateway.storage.signatures import UrlSigner
from tests.backend_functions.gateway.storage.conftest import status_of
from tests.support.gateway import Person

SECRET = "s" * 32


@pytest.fixture
def token(alice: Person, mine: str) -> str:
    """A token for downloading `{mine}/a.txt`."""
    assert alice.put_object(f"{mine}/a.txt", b"content").is_success
    signed = alice.send("POST", f"object/sign/{mine}/a.txt", json={"expiresIn": 60}).json()
    return str(parse_qs(urlsplit(signed["signedURL"]).query)["token"][0])


def test_a_signed_url_gives_its_object_to_anybody(nobody: Person, mine: str, token: str) -> None:
    answer = nobody.send("GET", f"object/sign/{mine}/a.txt", params={"token": token})

    assert answer.content == b"content"
    assert "expires" in answer.headers
    headed = nobody.send("HEAD", f"object/sign/{mine}/a.txt", params={"token": token})
    assert headed.headers["content-length"] == "7"


def test_a_token_is_for_nothing_else(nobody: Person, alice: Person, mine: str, token: str) -> None:
    alice.put_object(f"{mine}/b.txt")
    headers = {"authorization": f"Bearer {token}"}

    other = nobody.send("GET", f"object/sign/{mine}/b.txt", params={"token": token})
    upload = nobody.send("PUT", f"object/upload/sign/{mine}/a.txt", params={"token": token})
    bearer = nobody.send("GET", f"object/authenticated/{mine}/a.txt", headers=headers)

    assert [answer.json()["code"] for answer in (other, upload, bearer)] == [
        "InvalidSignature",
        "InvalidSignature",
        "AccessDenied",
    ]
    assert nobody.send("GET", f"object/sign/{mine}/a.txt").json()["code"] == "InvalidJWT"


def test_a_signed_upload_is_its_makers_and_works_once(
    nobody: Person, alice: Person, mine: str
) -> None:
    place = f"{mine}/up.txt"
    made = alice.send("POST", f"object/upload/sign/{place}").json()

    def put(content: bytes) -> str:
        headers = {"content-type": "text/plain"}
        path = made["url"].lstrip("/")
        return status_of(nobody.send("PUT", path, content=content, headers=headers))

    assert [put(b"first"), put(b"second")] == ["200", "409"]
    assert alice.read(place).content == b"first"
    download = nobody.send("GET", f"object/sign/{place}", params={"token": made["token"]})
    assert download.json()["code"] == "InvalidSignature"


def test_a_signed_upload_writes_over_something_only_where_that_was_allowed(
    nobody: Person, alice: Person, mine: str
) -> None:
    place = f"{mine}/up.txt"
    alice.put_object(place, b"old")

    refused = alice.send("POST", f"object/upload/sign/{place}")
    made = alice.send("POST", f"object/upload/sign/{place}", headers={"x-upsert": "true"}).json()
    nobody.send(
        "PUT", made["url"].lstrip("/"), content=b"new", headers={"content-type": "text/plain"}
    )

    assert status_of(refused) == "409"
    assert alice.read(place).content == b"new"


def test_a_signed_upload_keeps_to_the_buckets_limits(
    nobody: Person, alice: Person, mine: str
) -> None:
    made = alice.send("POST", f"object/upload/sign/{mine}/{uuid4()}").json()
    headers = {"content-type": "application/x-msdownload"}

    answer = nobody.send("PUT", made["url"].lstrip("/"), content=b"MZ", headers=headers)

    assert status_of(answer) == "415"


def test_a_token_ends() -> None:
    now = [1000.0]
    signer = UrlSigner(SECRET, clock=lambda: now[0])
    token = signer.sign("download", "b/a", 60)

    now[0] = 1059
    assert signer.verify(token, "download", "b/a").expires == 1060
    now[0] = 1060
    with pytest.raises(StorageError, match="timestamp check failed"):
        signer.verify(token, "download", "b/a")


def _token(secret: str | None = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    whole = {"url": "b/a", "scope": "download", "exp": 9_000_000_000, **claims}
    given = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(given, secret, algorithm=algorithm)  # type: ignore[arg-type]  # none has none


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "x" * 9000,
        _token("t" * 32),
        _token(exp=None),
        _token(exp="x"),
        _token(exp=float("9e9")),
        _token(scope=None),
        _token(None, "none"),
        _token(SECRET * 2, "HS512"),
    ],
    ids=[
        *("empty", "junk", "long", "forged", "endless", "text", "fraction", "no scope"),
        *("none", "HS512"),
    ],
)
def test_what_we_did_not_sign_is_refused(token: str) -> None:
    with pytest.raises(StorageError):
        UrlSigner(SECRET).verify(token, "download", "b/a")


def test_what_we_signed_is_read_the_same_way() -> None:
    assert UrlSigner(SECRET).verify(_token(), "download", "b/a").expires == 9_000_000_000
