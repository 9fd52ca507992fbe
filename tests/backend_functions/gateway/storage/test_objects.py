"""What is stored comes back as it was, in whatever way a client sends or asks for it."""

from hashlib import md5
from typing import Any

import httpx
import pytest

from tests.backend_functions.gateway.storage.conftest import status_of
from tests.support.gateway import Person, RunningGateway

CONTENT = b"0123456789"


def _form(content: bytes, **fields: str) -> dict[str, Any]:
    return {"data": fields, "files": {"file": ("a.bin", content, "text/plain")}}


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
@pytest.mark.parametrize("is_form", [True, False])
def test_any_bytes_come_back(service: Person, bucket: str, size: int, is_form: bool) -> None:
    content = bytes(range(256)) * (size // 256) + b"\r\n--boundary"[: size % 256]
    path = f"object/{bucket}/a/b.bin"

    if is_form:
        answer = service.send("POST", path, **_form(content, cacheControl="60", metadata='{"a":1}'))
    else:
        headers = {"content-type": "text/plain", "cache-control": "max-age=60"}
        headers["x-metadata"] = "eyJhIjoxfQ=="
        answer = service.send("POST", path, content=content, headers=headers)
    back = service.send("GET", path)
    told = service.send("GET", f"object/info/{bucket}/a/b.bin").json()

    assert answer.json()["Key"] == f"{bucket}/a/b.bin"
    assert back.content == content
    assert back.headers["cache-control"] == told["cache_control"] == "max-age=60"
    assert back.headers["content-type"] == told["content_type"] == "text/plain"
    assert told["etag"] == f'"{md5(content, usedforsecurity=False).hexdigest()}"'
    assert (told["size"], told["metadata"], told["id"]) == (
        len(content),
        {"a": 1},
        answer.json()["Id"],
    )


def test_a_form_in_the_smallest_pieces_is_read_alike(service: Person, bucket: str) -> None:
    request = httpx.Request("POST", "http://x", **_form(CONTENT, cacheControl="9"))
    pieces = (bytes([byte]) for byte in request.read())
    headers = {"content-type": request.headers["content-type"]}

    service.send("POST", f"object/{bucket}/a", content=pieces, headers=headers)

    assert service.send("GET", f"object/{bucket}/a").content == CONTENT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form",
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\nhalf a f",
        b"--x\r\n" + b"h: 1\r\n" * 100 + b"\r\n",
    ],
    ids=["empty", "no form", "no file", "cut", "many headers"],
)
def test_a_form_without_a_whole_file_stores_nothing(
    service: Person, bucket: str, body: bytes
) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}

    answer = service.send("POST", f"object/{bucket}/a", content=body, headers=headers)

    assert status_of(answer) == "400"
    assert status_of(service.send("GET", f"object/{bucket}/a")) == "404"


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 200, CONTENT, None),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=3-1", 200, CONTENT, None),
        ("bytes=0-1,4-5", 200, CONTENT, None),
        ("lines=1-2", 200, CONTENT, None),
        ("bytes=" + "9" * 5000 + "-", 200, CONTENT, None),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
    ],
)
def test_a_part_is_given_where_it_is_asked_for(
    service: Person,
    bucket: str,
    asked: str,
    status: int,
    content: bytes | None,
    content_range: str | None,
) -> None:
    service.put_object(f"{bucket}/a", CONTENT)

    answer = service.send("GET", f"object/{bucket}/a", headers={"range": asked})

    assert answer.status_code == status
    assert answer.headers.get("content-range") == content_range
    if content is None:
        assert answer.json()["code"] == "InvalidRange"
    else:
        assert answer.content == content


def test_head_tells_what_get_would(service: Person, bucket: str) -> None:
    service.put_object(f"{bucket}/a", CONTENT)

    got, told = (service.send(method, f"object/{bucket}/a") for method in ("GET", "HEAD"))
    missing = service.send("HEAD", f"object/{bucket}/none")

    names = ("content-length", "content-type", "etag", "last-modified", "accept-ranges")
    assert [told.headers[name] for name in names] == [got.headers[name] for name in names]
    assert (told.content, missing.status_code, missing.content) == (b"", 400, b"")


def test_who_has_it_already_is_sent_nothing(service: Person, bucket: str) -> None:
    service.put_object(f"{bucket}/a", CONTENT)
    first = service.send("GET", f"object/{bucket}/a")
    etag = first.headers["etag"]

    def status(**headers: str) -> int:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return service.send("GET", f"object/{bucket}/a", headers=headers).status_code

    assert status(if_none_match=etag) == status(if_none_match=f'"x", W/{etag}') == 304
    assert status(if_modified_since=first.headers["last-modified"]) == 304
    assert status(if_none_match='"x"') == status(if_modified_since="nonsense") == 200
    service.send("PUT", f"object/{bucket}/a", content=b"other")
    assert status(if_none_match=etag) == 200


@pytest.mark.parametrize(
    ("mime_type", "shown_type", "disposition"),
    [
        ("text/html", "text/plain", None),
        ("TEXT/HTML; charset=utf-8", "text/plain", None),
        ("application/xhtml+xml", "text/plain", None),
        ("image/svg+xml", "image/svg+xml", "attachment;"),
        ("application/xml", "application/xml", "attachment;"),
        ("text/javascript", "text/javascript", "attachment;"),
        ("image/png", "image/png", None),
    ],
)
def test_no_browser_runs_what_somebody_stored(
    service: Person, bucket: str, mime_type: str, shown_type: str, disposition: str | None
) -> None:
    service.put_object(f"{bucket}/a", b"<svg onload=alert(1)>", mime_type)
    signed = service.send("POST", f"object/sign/{bucket}/a", json={"expiresIn": 60}).json()

    for path in (f"object/{bucket}/a", f"object/authenticated/{bucket}/a", signed["signedURL"][1:]):
        headers = service.send("GET", path).headers
        assert headers["content-type"] == shown_type
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["content-security-policy"].endswith("sandbox")
        assert headers.get("content-disposition") == disposition


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("", "attachment;"),
        ("a b.txt", "attachment; filename=a%20b.txt; filename*=UTF-8''a%20b.txt"),
        ('"\r\nx: y', "attachment; filename=%22%0D%0Ax%3A%20y; filename*=UTF-8''%22%0D%0Ax%3A%20y"),
    ],
)
def test_a_download_has_the_name_that_was_asked_for(
    service: Person, bucket: str, name: str, disposition: str
) -> None:
    service.put_object(f"{bucket}/a", CONTENT)

    answer = service.send("GET", f"object/{bucket}/a", params={"download": name})

    assert answer.headers["content-disposition"] == disposition


def test_a_public_bucket_is_for_everybody_until_it_is_not(
    service: Person, nobody: Person, bucket: str
) -> None:
    service.put_object(f"{bucket}/a", CONTENT)
    routes = [f"object/public/{bucket}/a", f"object/{bucket}/a", f"object/info/public/{bucket}/a"]

    def statuses() -> list[str]:
        return [status_of(nobody.send("GET", route)) for route in routes]

    assert statuses() == ["404"] * 3
    service.send("PUT", f"bucket/{bucket}", json={"public": True})
    assert statuses() == ["200"] * 3
    service.send("PUT", f"bucket/{bucket}", json={"public": False})
    assert statuses() == ["404"] * 3


def test_a_move_keeps_the_object_and_a_copy_makes_another(service: Person, bucket: str) -> None:
    first = service.put_object(f"{bucket}/a", CONTENT).json()["Id"]

    def go(deed: str, source: str, target: str, **more: Any) -> httpx.Response:
        body = {"bucketId": bucket, "sourceKey": source, "destinationKey": target, **more}
        return service.send("POST", f"object/{deed}", json=body)

    moved = go("move", "a", "folder/b").json()
    copied = go("copy", "folder/b", "c", metadata={"cacheControl": "max-age=1"}).json()

    assert moved == {"message": "Successfully moved", "Id": first, "Key": "folder/b"}
    assert (copied["Key"], copied["name"], copied["bucket_id"]) == (f"{bucket}/c", "c", bucket)
    assert copied["Id"] != first
    assert status_of(service.send("GET", f"object/{bucket}/a")) == "404"
    service.send("DELETE", f"object/{bucket}/folder/b")
    back = service.send("GET", f"object/{bucket}/c")
    assert (back.content, back.headers["cache-control"]) == (CONTENT, "max-age=1")
    service.put_object(f"{bucket}/d", b"d")
    assert status_of(go("move", "c", "d")) == status_of(go("copy", "c", "d")) == "409"
    assert status_of(go("move", "none", "e")) == status_of(go("copy", "none", "e")) == "404"
    assert status_of(go("move", "c", "c", destinationBucket="none")) == "404"
    assert status_of(go("move", "c", "../c")) == "400"


def test_a_folder_shows_what_lies_in_it_and_each_folder_once(service: Person, bucket: str) -> None:
    for name in ("f/b.txt", "f/a.txt", "f/sub/1", "f/sub/2", "f/sub2/deep/3", "g"):
        service.put_object(f"{bucket}/{name}", CONTENT)

    def names(**body: Any) -> list[str]:
        rows = service.send("POST", f"object/list/{bucket}", json=body).json()
        return [row["name"] for row in rows]

    rows = service.send("POST", f"object/list/{bucket}", json={"prefix": "f"}).json()

    assert names(prefix="") == ["f", "g"]
    assert names(prefix="f") == names(prefix="f/") == ["a.txt", "b.txt", "sub", "sub2"]
    assert names(prefix="f", search="S") == ["sub", "sub2"]
    assert names(prefix="", search="f/sub2/d") == ["deep"]
    descending = {"column": "name", "order": "desc"}
    assert names(prefix="f", sortBy=descending) == ["sub2", "sub", "b.txt", "a.txt"]
    assert names(prefix="f", limit=2, offset=1) == ["b.txt", "sub"]
    by_age = {"column": "created_at", "order": "asc"}
    assert names(prefix="f", sortBy=by_age) == ["sub", "sub2", "b.txt", "a.txt"]
    assert rows[0]["metadata"]["size"] == len(CONTENT)
    assert {key for key, value in rows[2].items() if value is not None} == {"name"}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("column", ["name", "created_at", "updated_at"])
@pytest.mark.parametrize("with_folders", [True, False])
def test_pages_by_cursor_hold_everything_once(
    service: Person, bucket: str, with_folders: bool, column: str, order: str
) -> None:
    stored = ["p/c", "p/a", "p/x/1", "p/x/2", "p/b"]
    for name in [*stored, "q"]:
        service.put_object(f"{bucket}/{name}", b"")
    body = {
        "prefix": "p/",
        "limit": 2,
        "with_delimiter": with_folders,
        "sortBy": {"column": column, "order": order},
    }

    seen: list[str] = []
    while True:
        page = service.send("POST", f"object/list-v2/{bucket}", json=body).json()
        seen += [row["name"] for row in page["folders"] + page["objects"]]
        if not page["hasNext"]:
            break
        body["cursor"] = page["nextCursor"]

    folded = ["p/c", "p/a", "p/x/", "p/b"]
    expected = folded if with_folders else stored
    if column == "name":
        expected = sorted(expected)
    expected = expected if order == "asc" else expected[::-1]
    # Within a page folders are told apart from objects, so only what is told counts then.
    assert sorted(seen) == sorted(expected) if with_folders else seen == expected


def test_a_bucket_is_emptied_before_it_is_deleted(
    gateway: RunningGateway, service: Person, bucket: str
) -> None:
    service.put_object(f"{bucket}/a", CONTENT)
    (version,) = gateway.run_sql("select version from storage.objects where bucket_id = %s", bucket)

    refused = service.send("DELETE", f"bucket/{bucket}")
    service.send("POST", f"bucket/{bucket}/empty")
    deleted = service.send("DELETE", f"bucket/{bucket}")

    assert (status_of(refused), refused.json()["code"]) == ("409", "ResourceNotEmpty")
    assert deleted.json() == {"message": "Successfully deleted"}
    assert version[0] not in gateway.files()
    assert status_of(service.send("GET", f"bucket/{bucket}")) == "404"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "render/image/authenticated/b/a.png?width=10", "409"),
        ("GET", "render/image/public/b/a.png", "409"),
        ("POST", "upload/resumable", "404"),
        ("GET", "s3/b", "404"),
        ("PATCH", "object/b/a", "404"),
        ("GET", "iceberg/v1/config", "404"),
    ],
)
def test_what_is_not_served_is_refused_in_its_shape(
    service: Person, method: str, path: str, status: str
) -> None:
    answer = service.send(method, path)

    assert status_of(answer) == status
    assert answer.json().keys() == {"statusCode", "error", "message", "code"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("object/list/{}", b"[]"),
        ("object/list/{}", b"{"),
        ("object/list/{}", b'{"prefix": "\\u0000"}'),
        ("object/list/{}", b'{"prefix": "a", "limit": 0}'),
        ("object/list/{}", b'{"prefix": "a", "limit": "1; drop table x"}'),
        ("object/list/{}", b'{"prefix": "a", "sortBy": {"column": "id; --"}}'),
        ("object/list-v2/{}", b'{"cursor": "bm9uc2Vuc2U="}'),
        ("object/sign/{}", b'{"expiresIn": 60, "paths": []}'),
        ("object/sign/{}/a", b'{"expiresIn": 0}'),
        ("object/sign/{}/a", b'{"expiresIn": "1e99"}'),
        ("object/move", b'{"bucketId": 1}'),
        ("bucket", b'{"name": 7}'),
        ("bucket", b'{"name": "x", "file_size_limit": "10 elephants"}'),
        ("bucket", b'{"name": " x"}'),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(
    service: Person, bucket: str, path: str, body: bytes
) -> None:
    answer = service.send("POST", path.format(bucket), content=body)

    assert (answer.status_code, status_of(answer)) == (400, "400")
