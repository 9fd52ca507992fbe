"""No name leads anywhere but to its own object."""

from uuid import uuid4

import psycopg
import pytest

from backend_functions.gateway.storage.errors import StorageError
from backend_functions.gateway.storage.names import check_bucket_name, check_key, parse_size
from tests.backend_functions.gateway.storage.conftest import status_of
from tests.support.gateway import Person, RunningGateway

BAD_KEYS = {
    "empty": "",
    "up": "a/../b",
    "up first": "../b",
    "up last": "a/..",
    "here": "a/./b",
    "twice": "a//b",
    "from the root": "/a",
    "a folder": "a/",
    "backslash": "a\\..\\b",
    "nul": "a\0b",
    "newline": "a\nb",
    "escape": "a\x1bb",
    "full-width solidus": "a\uff0fb",
    "full-width dots": "\uff0e\uff0e/b",
    "bidi": "a\u202eb",
    "percent": "a%2fb",
    "long": "a" * 1025,
}


@pytest.mark.parametrize("case", BAD_KEYS)
def test_a_name_that_two_could_read_differently_is_refused(case: str) -> None:
    with pytest.raises(StorageError, match="Invalid key"):
        check_key(BAD_KEYS[case])


@pytest.mark.parametrize("name", ["a.txt", ".hidden", "a/..b/c...", "A b(1)+x='y'.PNG", "CON"])
def test_ordinary_names_are_taken(name: str) -> None:
    assert check_key(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "ü", "a" * 101, "a "])
def test_a_bucket_is_called_plainly(name: str) -> None:
    with pytest.raises(StorageError, match="Bucket name invalid"):
        check_bucket_name(name)


@pytest.mark.parametrize(
    "raw",
    [
        "a/%2e%2e/%2e%2e/x",
        "a/..%2f..%2fx",
        "a/%252e%252e%252fx",
        "a%5c..%5cx",
        "a%00x",
        "a%0d%0ax",
        "%ef%bc%8fx",
        "a%2f",
        "a//x",
    ],
)
def test_no_way_of_writing_a_url_escapes(
    gateway: RunningGateway, alice: Person, mine: str, raw: str
) -> None:
    before = gateway.files()

    # As bytes on the wire: httpx itself would tidy the path.
    path = f"/storage/v1/object/{mine}/{raw}".encode()
    url = alice.http.base_url.copy_with(raw_path=path)
    answer = alice.http.post(url, content=b"x", headers={"content-type": "text/plain"})

    # A newline is in no route at all.
    assert answer.status_code == 404 or answer.json()["code"] == "InvalidKey"
    assert gateway.files() == before


@pytest.mark.parametrize("way", ["move", "copy"])
@pytest.mark.parametrize("case", ["up", "backslash", "nul", "full-width solidus", "long"])
def test_a_name_in_a_body_is_no_way_out_either(
    alice: Person, mine: str, way: str, case: str
) -> None:
    alice.put_object(f"{mine}/a")
    bucket, _, folder = mine.partition("/")
    body = {
        "bucketId": bucket,
        "sourceKey": f"{folder}/a",
        "destinationKey": f"{folder}/{BAD_KEYS[case]}",
    }

    assert status_of(alice.send("POST", f"object/{way}", json=body)) == "400"


def test_a_name_in_a_list_means_itself_or_nothing(alice: Person, mine: str) -> None:
    alice.put_object(f"{mine}/ab")
    bucket, _, folder = mine.partition("/")
    wrong = [f"{folder}/a\0b", f"{folder}/x/../ab", f"{folder}//ab", "%"]

    removed = alice.send("DELETE", f"object/{bucket}", json={"prefixes": wrong}).json()
    body = {"expiresIn": 60, "paths": wrong}
    signed = alice.send("POST", f"object/sign/{bucket}", json=body).json()

    assert removed == []
    assert [row["signedURL"] for row in signed] == [None] * 4
    assert alice.read(f"{mine}/ab").is_success


@pytest.mark.parametrize("tail", ["..", "../x", "./x", "/x", "a//b", "a/", "a\\b", "a\nb"])
def test_the_policies_alone_refuse_such_names_too(
    gateway: RunningGateway, alice: Person, tail: str
) -> None:
    url = gateway.cluster.url(gateway.database)
    insert = "insert into storage.objects (bucket_id, name) values ('user_assets', %s)"
    claims = f'{{"sub": "{alice.id}", "role": "authenticated"}}'

    with psycopg.connect(url) as connection:
        connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        connection.execute("set local role authenticated")
        connection.execute(insert, (f"private/user_files/{alice.id}/{uuid4()}",))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(insert, (f"private/user_files/{alice.id}/{tail}",))
        connection.rollback()


@pytest.mark.parametrize(
    ("text", "size"), [(7, 7), ("7", 7), ("1kb", 1000), ("1.5MB", 1_500_000), ("2gb", 2 * 10**9)]
)
def test_sizes_are_counted_as_the_service_counts(text: int | str, size: int) -> None:
    assert parse_size(text) == size
