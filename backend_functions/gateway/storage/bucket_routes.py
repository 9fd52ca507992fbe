"""Buckets over HTTP."""

from starlette.responses import Response

from backend_functions.gateway.storage import buckets
from backend_functions.gateway.storage.answers import StorageJson
from backend_functions.gateway.storage.asked import Asked
from backend_functions.gateway.storage.errors import invalid_request
from backend_functions.gateway.storage.listing_routes import read_sorting
from backend_functions.gateway.storage.store import Row

_MAX_BUCKETS = 1000


async def list_all(asked: Asked) -> Response:
    """GET of the buckets that the caller may see."""
    caller, query = await asked.caller(), asked.request.query_params
    sorting: Row = {"column": query.get("sortColumn"), "order": query.get("sortOrder")}
    column, order = read_sorting({"sortBy": sorting}, ("name", "created_at", "updated_at", "id"))
    values = {
        "search": query.get("search") or None,
        "column": column,
        "order": order,
        "limit": min(_number(query.get("limit"), _MAX_BUCKETS), _MAX_BUCKETS),
        "offset": _number(query.get("offset"), 0),
    }
    return StorageJson(await buckets.list_buckets(asked.store, caller, values))


async def get(asked: Asked) -> Response:
    """GET of one bucket."""
    return StorageJson(await asked.store.bucket(asked.bucket, await asked.caller()))


async def create(asked: Asked) -> Response:
    """POST of a new bucket."""
    caller, body = await asked.caller(), await asked.body()
    return StorageJson({"name": await buckets.create_bucket(asked.store, caller, body)})


async def update(asked: Asked) -> Response:
    """PUT of what is to be otherwise with a bucket."""
    caller, body = await asked.caller(), await asked.body()
    await buckets.update_bucket(asked.store, caller, asked.bucket, body)
    return StorageJson({"message": "Successfully updated"})


async def delete(asked: Asked) -> Response:
    """DELETE of a bucket without objects."""
    await buckets.delete_bucket(asked.store, await asked.caller(), asked.bucket)
    return StorageJson({"message": "Successfully deleted"})


async def empty(asked: Asked) -> Response:
    """POST of the wish that nothing lies in a bucket; done when we answer.

    The words are the service's, which needs longer.
    """
    await buckets.empty_bucket(asked.store, await asked.caller(), asked.bucket)
    message = "Empty bucket has been queued. Completion may take up to an hour."
    return StorageJson({"message": message})


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid_request("querystring/limit must be integer")
    return int(text)
