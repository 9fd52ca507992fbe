"""Objects given out: to who may read them, to everybody from a public bucket, to a signed URL."""

import os
from typing import BinaryIO

from starlette.responses import Response

from backend_functions.gateway.storage.answers import StorageJson
from backend_functions.gateway.storage.asked import Asked
from backend_functions.gateway.storage.content import (
    FileContent,
    Span,
    Unsatisfiable,
    content_headers,
    is_unchanged,
    read_range,
)
from backend_functions.gateway.storage.errors import (
    StorageError,
    feature_not_enabled,
    no_such_bucket,
    respond_with_error,
)
from backend_functions.gateway.storage.store import Place, Row
from backend_functions.types import SERVICE, Caller


async def download(asked: Asked) -> Response:
    """GET or HEAD of an object, as who calls; without a credential only from a public bucket."""
    reader = await _reader(asked, asked.place, await asked.caller_if_any())
    return await _give(asked, reader)


async def download_authenticated(asked: Asked) -> Response:
    """GET or HEAD of an object, as who calls; a credential is needed."""
    reader = await _reader(asked, asked.place, await asked.caller())
    return await _give(asked, reader)


async def download_public(asked: Asked) -> Response:
    """GET or HEAD of an object in a public bucket, by anybody."""
    return await _give(asked, await _reader(asked, asked.place, None))


async def download_signed(asked: Asked) -> Response:
    """GET or HEAD of an object by who has a token for it."""
    place, token = asked.place, asked.request.query_params.get("token", "")
    grant = asked.served.signer.verify(token, "download", place.path)
    return await _give(asked, SERVICE, expires=grant.expires)


async def tell(asked: Asked) -> Response:
    """What is known about an object, as JSON."""
    caller = await asked.caller_if_any()
    return await _tell(asked, await _reader(asked, asked.place, caller))


async def tell_authenticated(asked: Asked) -> Response:
    """What is known about an object; a credential is needed."""
    return await _tell(asked, await _reader(asked, asked.place, await asked.caller()))


async def tell_public(asked: Asked) -> Response:
    """What is known about an object in a public bucket, told to anybody."""
    return await _tell(asked, await _reader(asked, asked.place, None))


async def refuse_rendering(asked: Asked) -> Response:
    """Images are not made smaller or otherwise here."""
    raise feature_not_enabled("imageTransformation")


async def _reader(asked: Asked, place: Place, caller: Caller | None) -> Caller:
    """Return whose rights an object of a bucket is read with."""
    is_public = bool((await asked.store.bucket(place.bucket))["public"])
    if is_public:
        return SERVICE
    if caller is None:
        raise no_such_bucket()
    return caller


async def _give(asked: Asked, reader: Caller, *, expires: int | None = None) -> Response:
    request = asked.request
    row, file = await asked.store.open(reader, asked.place)
    headers = content_headers(row, download=request.query_params.get("download"), expires=expires)
    if is_unchanged(request.headers, headers["etag"], row["updated_at"]):
        file.close()
        kept = {name: headers[name] for name in ("etag", "cache-control", "last-modified")}
        return Response(status_code=304, headers=kept)
    return _content(asked, file, headers)


def _content(asked: Asked, file: BinaryIO, headers: dict[str, str]) -> Response:
    size = os.fstat(file.fileno()).st_size
    if asked.request.method == "HEAD":
        file.close()
        return Response(headers={**headers, "content-length": str(size)})
    try:
        span = read_range(asked.request.headers.get("range"), size)
    except Unsatisfiable:
        file.close()
        error = StorageError(416, "InvalidRange", "The requested range is not satisfiable")
        answer = respond_with_error(error)
        answer.status_code = 416
        answer.headers["content-range"] = f"bytes */{size}"
        return answer
    return FileContent(file, span or Span(0, size, size), headers)


async def _tell(asked: Asked, reader: Caller) -> Response:
    row = await asked.store.find(reader, asked.place)
    return StorageJson(as_info(row), headers={"etag": str((row["metadata"] or {}).get("eTag", ""))})


def as_info(row: Row) -> Row:
    """Return what clients are told about an object."""
    metadata = row["metadata"] or {}
    return {
        "id": row["id"],
        "name": row["name"],
        "version": row["version"],
        "bucket_id": row["bucket_id"],
        "size": metadata.get("size"),
        "content_type": metadata.get("mimetype"),
        "cache_control": metadata.get("cacheControl"),
        "etag": metadata.get("eTag"),
        "metadata": row["user_metadata"],
        "last_modified": row["updated_at"],
        "created_at": row["created_at"],
    }
