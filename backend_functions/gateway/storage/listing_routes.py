"""What lies in a bucket, page by page."""

from typing import Any, cast

from starlette.responses import Response

from backend_functions.gateway.storage.answers import StorageJson
from backend_functions.gateway.storage.asked import Asked
from backend_functions.gateway.storage.errors import invalid_request
from backend_functions.gateway.storage.listing import (
    Column,
    FolderQuery,
    Order,
    PageQuery,
    list_folder,
    list_page,
)
from backend_functions.gateway.storage.names import require_text
from backend_functions.gateway.storage.store import Row

_COLUMNS = ("name", "updated_at", "created_at", "last_accessed_at")
_MAX_ROWS = 1000
_MAX_OFFSET = 2**31


async def list_objects(asked: Asked) -> Response:
    """POST of what to list in one folder."""
    caller, body = await asked.caller(), await asked.body()
    column, order = read_sorting(body, _COLUMNS)
    query = FolderQuery(
        asked.bucket,
        require_text(body.get("prefix", ""), "prefix"),
        require_text(body.get("search") or "", "search"),
        column,
        order,
        read_number(body, "limit", 100, at_least=1, at_most=_MAX_ROWS),
        read_number(body, "offset", 0, at_least=0, at_most=_MAX_OFFSET),
    )
    return StorageJson(await list_folder(asked.store, caller, query))


async def list_objects_by_cursor(asked: Asked) -> Response:
    """POST of what to list below a prefix, and after which entry."""
    caller, body = await asked.caller(), await asked.body()
    column, order = read_sorting(body, _COLUMNS[:3])
    query = PageQuery(
        asked.bucket,
        require_text(body.get("prefix") or "", "prefix"),
        body.get("with_delimiter") is True,
        column,
        order,
        read_number(body, "limit", _MAX_ROWS, at_least=1, at_most=_MAX_ROWS),
        require_text(body.get("cursor") or "", "cursor"),
    )
    return StorageJson(await list_page(asked.store, caller, query))


def read_sorting(body: Row, columns: tuple[str, ...]) -> tuple[Column, Order]:
    """Return the column and the order of `sortBy`, by default the name, ascending.

    Raises:
        StorageError: InvalidRequest.
    """
    asked = body.get("sortBy") or {}
    if not isinstance(asked, dict):
        raise invalid_request("body/sortBy must be object")
    column, order = asked.get("column") or "name", asked.get("order") or "asc"
    if column not in columns:
        raise invalid_request("body/sortBy/column must be equal to one of the allowed values")
    if order not in ("asc", "desc"):
        raise invalid_request("body/sortBy/order must be equal to one of the allowed values")
    return cast("Column", column), cast("Order", order)


def read_number(body: Row, field: str, default: int, *, at_least: int, at_most: int) -> int:
    """Return a whole number, cut to what is given out at most.

    Raises:
        StorageError: InvalidRequest.
    """
    value: Any = body.get(field)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_request(f"body/{field} must be integer")
    if value < at_least:
        raise invalid_request(f"body/{field} must be >= {at_least}")
    return min(value, at_most)
