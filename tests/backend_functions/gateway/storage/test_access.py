"""Who may do what where: owner, stranger, anonymous and service, over every route."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.backend_functions.gateway.storage.conftest import status_of
from tests.support.gateway import Person, RunningGateway

BUCKET = "user_assets"

Route = Callable[[Person, str], str]


def _json(method: str, path: str, **body: object) -> Route:
    def send(person: Person, name: str) -> str:
        filled = {k: v.format(name=name) if isinstance(v, str) else v for k, v in body.items()}
        return status_of(person.send(method, path.format(name=name), json=filled))

    return send


READING: dict[str, Route] = {
    "GET": lambda person, name: status_of(person.send("GET", f"object/{BUCKET}/{name}")),
    "GET authenticated": lambda person, name: status_of(person.read(f"{BUCKET}/{name}")),
    "GET info": lambda person, name: status_of(person.send("GET", f"object/info/{BUCKET}/{name}")),
    "GET info authenticated": lambda person, name: status_of(
        person.send("GET", f"object/info/authenticated/{BUCKET}/{name}")
    ),
    "POST sign": _json("POST", f"object/sign/{BUCKET}/{{name}}", expiresIn=60),
}


@pytest.fixture
def stored(service: Person, alice: Person) -> Callable[[str], str]:
    """Put an object somewhere in Alice's name and return its name."""

    def put(kind: str) -> str:
        names = {
            "avatar": f"public/avatars/{alice.id}.png",
            "file": f"private/user_files/{alice.id}/{uuid4()}/a.txt",
            "image": f"private/generated_images/{alice.id}/{uuid4()}.png",
        }
        name = names[kind]
        mime_type = "text/plain" if kind == "file" else "image/png"
        answer = service.put_object(f"{BUCKET}/{name}", b"content", mime_type, x_upsert="true")
        assert answer.is_success
        return name

    return put


@pytest.mark.parametrize("route", READING)
@pytest.mark.parametrize("kind", ["file", "image"])
def test_a_private_object_is_there_for_its_owner_and_the_service_alone(
    stored: Callable[[str], str],
    alice: Person,
    bob: Person,
    anonymous: Person,
    service: Person,
    kind: str,
    route: str,
) -> None:
    name = stored(kind)

    answers = [READING[route](person, name) for person in (alice, service, bob, anonymous)]

    assert answers == ["200", "200", "404", "404"]


@pytest.mark.parametrize("route", READING)
def test_what_lies_in_public_is_there_for_everybody(
    stored: Callable[[str], str],
    alice: Person,
    bob: Person,
    anonymous: Person,
    service: Person,
    route: str,
) -> None:
    name = stored("avatar")

    answers = [READING[route](person, name) for person in (alice, service, bob, anonymous)]

    assert answers == ["200"] * 4


@pytest.mark.parametrize("kind", ["avatar", "file"])
@pytest.mark.parametrize("route", ["public/", "info/public/", ""])
def test_without_a_credential_nothing_of_the_bucket_is_given_out(
    stored: Callable[[str], str], nobody: Person, kind: str, route: str
) -> None:
    answer = nobody.send("GET", f"object/{route}{BUCKET}/{stored(kind)}")

    assert (answer.status_code, answer.json()["code"]) == (400, "NoSuchBucket")


def test_missing_and_foreign_objects_are_told_apart_by_nothing(
    stored: Callable[[str], str], alice: Person, bob: Person
) -> None:
    foreign = bob.read(f"{BUCKET}/{stored('file')}")
    missing = bob.read(f"{BUCKET}/private/user_files/{alice.id}/none/a.txt")

    assert foreign.content == missing.content
    assert foreign.status_code == missing.status_code == 400


WRITABLE = {
    "their avatar": ("public/avatars/{me}.png", "403"),  # the service draws it anew
    "a file of theirs": ("private/user_files/{me}/{new}/a.png", "200"),
    "another kind of theirs": ("private/exports/{me}/{new}.png", "200"),
    "a generated image": ("private/generated_images/{me}/a.png", "403"),
    "somebody's avatar": ("public/avatars/{other}.png", "403"),
    "an avatar of another type": ("public/avatars/{me}.svg", "403"),
    "below an avatar": ("public/avatars/{me}.png/x.png", "403"),
    "somewhere public": ("public/x.png", "403"),
    "somebody's files": ("private/user_files/{other}/c/a.png", "403"),
    "their id as a kind": ("private/{me}/a.png", "403"),
    "an id in capitals": ("private/user_files/{ME}/a.png", "403"),
    "PRIVATE": ("PRIVATE/user_files/{me}/a.png", "403"),
    "the top": ("a.png", "403"),
}


@pytest.mark.parametrize("case", WRITABLE)
@pytest.mark.parametrize("way", ["upload", "upsert", "signed upload"])
def test_people_write_to_their_own_places_alone(
    alice: Person, anonymous: Person, service: Person, case: str, way: str
) -> None:
    template, expected = WRITABLE[case]
    ids = {"me": alice.id, "ME": alice.id.upper(), "other": uuid4(), "new": uuid4()}
    name = template.format(**ids)
    service.send("DELETE", f"object/{BUCKET}", json={"prefixes": [name]})

    answers = [_write(who, way, name) for who in (alice, anonymous)]

    assert answers == [expected, "403"]


def _write(person: Person, way: str, name: str) -> str:
    if way == "signed upload":
        return status_of(person.send("POST", f"object/upload/sign/{BUCKET}/{name}"))
    upsert = "true" if way == "upsert" else "false"
    return status_of(person.put_object(f"{BUCKET}/{name}", b"x", "image/png", x_upsert=upsert))


def test_nobody_writes_over_somebody_elses_file(
    stored: Callable[[str], str], alice: Person, bob: Person, anonymous: Person
) -> None:
    name = stored("file")

    answers = [
        status_of(person.send(method, f"object/{BUCKET}/{name}", content=b"evil", headers=headers))
        for person in (bob, anonymous)
        for method, headers in (
            ("POST", {"content-type": "text/plain"}),
            ("POST", {"content-type": "text/plain", "x-upsert": "true"}),
            ("PUT", {"content-type": "text/plain"}),
        )
    ]

    assert answers == ["403"] * 6
    assert alice.read(f"{BUCKET}/{name}").content == b"content"


@pytest.mark.parametrize("deed", ["move", "copy"])
def test_nothing_goes_from_or_to_somebody_elses_folder(
    stored: Callable[[str], str], alice: Person, bob: Person, anonymous: Person, deed: str
) -> None:
    name = stored("file")
    hers = f"private/user_files/{alice.id}/{uuid4()}/b.txt"
    his = f"private/user_files/{bob.id}/{uuid4()}/b.txt"

    def go(person: Person, source: str, target: str) -> str:
        body = {"bucketId": BUCKET, "sourceKey": source, "destinationKey": target}
        return status_of(person.send("POST", f"object/{deed}", json=body))

    assert go(bob, name, his) == "404"
    assert go(anonymous, name, "public/x.txt") == "404"
    assert go(alice, name, his) == "403"
    assert go(alice, name, f"private/generated_images/{alice.id}/x.txt") == "403"
    assert go(alice, name, hers) == "200"


def test_a_generated_image_is_not_moved_by_its_owner(
    stored: Callable[[str], str], alice: Person
) -> None:
    target = f"private/user_files/{alice.id}/{uuid4()}.png"
    body = {"bucketId": BUCKET, "sourceKey": stored("image"), "destinationKey": target}

    assert status_of(alice.send("POST", "object/move", json=body)) == "404"


@pytest.mark.parametrize("kind", ["avatar", "file", "image"])
def test_only_the_owner_and_the_service_remove(
    stored: Callable[[str], str],
    alice: Person,
    bob: Person,
    anonymous: Person,
    service: Person,
    kind: str,
) -> None:
    def remove(person: Person, name: str) -> int:
        body = {"prefixes": [name, "private/none.txt"]}
        return len(person.send("DELETE", f"object/{BUCKET}", json=body).json())

    name = stored(kind)

    assert [remove(person, name) for person in (bob, anonymous, alice, alice)] == [0, 0, 1, 0]
    assert remove(service, stored(kind)) == 1


def test_removing_one_says_what_stands_in_the_way(
    stored: Callable[[str], str], alice: Person, bob: Person
) -> None:
    avatar, file = stored("avatar"), stored("file")

    assert status_of(bob.send("DELETE", f"object/{BUCKET}/{avatar}")) == "403"
    assert status_of(bob.send("DELETE", f"object/{BUCKET}/{file}")) == "404"
    assert status_of(alice.send("DELETE", f"object/{BUCKET}/{file}")) == "200"
    assert status_of(alice.send("DELETE", f"object/{BUCKET}/{file}")) == "404"


@pytest.mark.parametrize("route", ["list", "list-v2"])
@pytest.mark.parametrize("prefix", ["private", "private/user_files", "private/user_files/{}"])
def test_lists_hold_nothing_that_is_somebody_elses(
    stored: Callable[[str], str],
    alice: Person,
    bob: Person,
    anonymous: Person,
    route: str,
    prefix: str,
) -> None:
    stored("file")
    body = {"prefix": prefix.format(alice.id)}

    def listed(person: Person) -> str:
        return person.send("POST", f"object/{route}/{BUCKET}", json=body).text

    assert '"name"' in listed(alice)
    assert '"name"' not in listed(anonymous)
    assert alice.id not in listed(bob)


def test_signing_many_gives_no_link_to_what_is_somebody_elses(
    stored: Callable[[str], str], alice: Person, bob: Person
) -> None:
    name = stored("file")
    body = {"expiresIn": 60, "paths": [name, "none"]}

    def sign(person: Person) -> list[bool]:
        rows = person.send("POST", f"object/sign/{BUCKET}", json=body).json()
        return [row["signedURL"] is not None for row in rows]

    assert (sign(alice), sign(bob)) == ([True, False], [False, False])


def test_emptying_and_changing_the_bucket_is_the_services(
    stored: Callable[[str], str], gateway: RunningGateway, alice: Person, anonymous: Person
) -> None:
    stored("file")
    for person in (alice, anonymous):
        assert status_of(person.send("POST", f"bucket/{BUCKET}/empty")) == "404"
        assert status_of(person.send("PUT", f"bucket/{BUCKET}", json={"public": True})) == "404"
        assert status_of(person.send("DELETE", f"bucket/{BUCKET}")) == "404"
        assert status_of(person.send("POST", "bucket", json={"name": uuid4().hex})) == "403"
        assert person.send("GET", "bucket").json() == []

    assert gateway.run_sql("select public from storage.buckets where id = %s", BUCKET) == [(False,)]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Invalid Compact JWS"),
        ({"authorization": "Bearer nonsense"}, "Invalid Compact JWS"),
        ({"authorization": "Bearer ' OR '1'='1"}, "Invalid Compact JWS"),
        ({"authorization": "Bearer e30.e30.AAAA"}, "signature verification failed"),
        ({"authorization": "Bearer sb_secret_guessed"}, "Invalid Compact JWS"),
        ({"authorization": "Basic eA=="}, "Sign in first."),
    ],
)
def test_a_credential_that_is_none_is_refused(
    nobody: Person, headers: dict[str, str], message: str
) -> None:
    answer = nobody.send("GET", "bucket", headers=headers)

    assert answer.status_code == 400
    assert answer.json() == {
        "statusCode": "403",
        "error": "Unauthorized",
        "message": message,
        "code": "AccessDenied",
    }
