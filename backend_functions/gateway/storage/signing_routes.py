"""Signed URLs made: for who may do the thing themselves at this moment."""

from typing import Any

from starlette.responses import Response

from backend_functions.db.queries import queries
from backend_functions.gateway.storage.answers import StorageJson
from backend_functions.gateway.storage.asked import Asked, is_upsert, names_in
from backend_functions.gateway.storage.bodies import read_metadata_header
from backend_functions.gateway.storage.errors import invalid_request
from backend_functions.gateway.storage.signatures import MAX_SECONDS, UPLOAD_SECONDS
from backend_functions.gateway.storage.store import Row
from backend_functions.gateway.storage.writing import Writer, check_upload

_SQL = queries("storage")
_NOT_THERE = "Either the object does not exist or you do not have access to it"


async def sign_download(asked: Asked) -> Response:
    """POST of how long one object is to be had without a credential."""
    caller, body = await asked.caller(), await asked.body()
    seconds = _seconds(body)
    # A `transform` is passed over, as the service does where it makes no other images: the URL
    # gives the object as it is.
    place = asked.place
    await asked.store.find(caller, place)
    return StorageJson({"signedURL": _signed(asked, place.path, seconds)})


async def sign_downloads(asked: Asked) -> Response:
    """POST of how long some objects are to be had without a credential."""
    caller, body = await asked.caller(), await asked.body()
    seconds, bucket = _seconds(body), asked.bucket
    names = names_in(body.get("paths"), "paths")
    async with asked.store.database.act_as(caller, read_only=True) as connection:
        cursor = await connection.execute(_SQL.find_names, {"bucket": bucket, "names": names})
        found = {row["name"] for row in await cursor.fetchall()}

    def entry(name: str) -> Row:
        if name not in found:
            return {"error": _NOT_THERE, "path": name, "signedURL": None}
        return {
            "error": None,
            "path": name,
            "signedURL": _signed(asked, f"{bucket}/{name}", seconds),
        }

    return StorageJson([entry(name) for name in names])


async def sign_upload(asked: Asked) -> Response:
    """POST of the wish to let somebody without a credential write one object."""
    caller, place = await asked.caller(), asked.place
    owner = None if caller.user_id is None else str(caller.user_id)
    writer = Writer(caller, place, is_upsert(asked.request), owner)
    read_metadata_header(asked.request.headers.get("x-metadata"))
    await asked.store.bucket(place.bucket)
    await check_upload(asked.store, writer, {})
    token = asked.served.signer.sign(
        "upload", place.path, UPLOAD_SECONDS, owner=owner, upsert=writer.upsert
    )
    return StorageJson({"url": f"/object/upload/sign/{place.path}?token={token}", "token": token})


def _signed(asked: Asked, path: str, seconds: int) -> str:
    token = asked.served.signer.sign("download", path, seconds)
    return f"/object/sign/{path}?token={token}"


def _seconds(body: Row) -> int:
    value: Any = body.get("expiresIn")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_request("body must have required property 'expiresIn'")
    if not 1 <= value <= MAX_SECONDS:
        raise invalid_request(f"body/expiresIn must be between 1 and {MAX_SECONDS}")
    return value
