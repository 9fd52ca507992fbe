"""Objects taken in, moved, copied and removed."""

from starlette.responses import Response

from backend_functions.gateway.storage.answers import StorageJson
from backend_functions.gateway.storage.asked import Asked, is_upsert, names_in
from backend_functions.gateway.storage.bodies import Upload, read_metadata_header, read_upload
from backend_functions.gateway.storage.errors import invalid_request
from backend_functions.gateway.storage.names import (
    check_bucket_name,
    check_key,
    require_text,
)
from backend_functions.gateway.storage.store import Place, Row
from backend_functions.gateway.storage.writing import (
    Changes,
    Writer,
    copy_object,
    upload_object,
)
from backend_functions.types import SERVICE, Caller


async def upload(asked: Asked) -> Response:
    """POST of a new object; with `x-upsert: true` it may replace one."""
    return await _take(asked, upsert=is_upsert(asked.request))


async def update(asked: Asked) -> Response:
    """PUT of new content for an object; it need not be there yet."""
    return await _take(asked, upsert=True)


async def upload_signed(asked: Asked) -> Response:
    """PUT of an object by who has a token for it."""
    place, token = asked.place, asked.request.query_params.get("token", "")
    grant = asked.served.signer.verify(token, "upload", place.path)
    writer = Writer(SERVICE, place, grant.upsert, grant.owner)
    await upload_object(asked.store, writer, await _read(asked))
    return StorageJson({"Key": place.path})


async def move(asked: Asked) -> Response:
    """POST of a source and a destination: the object is called otherwise."""
    caller = await asked.caller()
    source, target = _source_and_target(await asked.body())
    moved = await asked.store.move(caller, source, target)
    return StorageJson({"message": "Successfully moved", "Id": moved, "Key": target.name})


async def copy(asked: Asked) -> Response:
    """POST of a source and a destination: both have the content afterwards."""
    caller, body = await asked.caller(), await asked.body()
    source, target = _source_and_target(body)
    given = body.get("metadata")
    stated = given if isinstance(given, dict) else {}
    changes = Changes(
        {name: stated[name] for name in ("cacheControl", "mimetype") if _is_text(stated, name)},
        _metadata_of_copy(asked, body),
    )
    writer = Writer(caller, target, is_upsert(asked.request), _owner(caller))
    row = await copy_object(asked.store, source, writer, changes)
    return StorageJson({"Id": row["id"], "Key": target.path, **row})


async def remove_one(asked: Asked) -> Response:
    """DELETE of one object."""
    caller = await asked.caller()
    await asked.store.remove_one(caller, asked.place)
    return StorageJson({"message": "Successfully deleted"})


async def remove_many(asked: Asked) -> Response:
    """DELETE of many objects of a bucket; who may not remove one simply does not."""
    caller, body = await asked.caller(), await asked.body()
    names = names_in(body.get("prefixes"), "prefixes")
    return StorageJson(await asked.store.remove(caller, asked.bucket, names))


async def _take(asked: Asked, *, upsert: bool) -> Response:
    caller = await asked.caller()
    writer = Writer(caller, asked.place, upsert, _owner(caller))
    made = await upload_object(asked.store, writer, await _read(asked))
    return StorageJson({"Key": writer.place.path, "Id": made})


async def _read(asked: Asked) -> Upload:
    return await read_upload(asked.request, asked.store.window_seconds)


def _source_and_target(body: Row) -> tuple[Place, Place]:
    bucket = check_bucket_name(require_text(body.get("bucketId"), "bucketId"))
    source = require_text(body.get("sourceKey"), "sourceKey")
    target = check_key(require_text(body.get("destinationKey"), "destinationKey"))
    other = body.get("destinationBucket") or bucket
    if not isinstance(other, str):
        raise invalid_request("body/destinationBucket must be string")
    return Place(bucket, source), Place(check_bucket_name(other), target)


def _metadata_of_copy(asked: Asked, body: Row) -> Row | None:
    header = asked.request.headers.get("x-metadata")
    if header is not None:
        return read_metadata_header(header)
    return {} if body.get("copyMetadata") is False else None


def _is_text(stated: Row, name: str) -> bool:
    value = stated.get(name)
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _owner(caller: Caller) -> str | None:
    return None if caller.user_id is None else str(caller.user_id)
