"""What lies in a folder: the two ways in which clients ask for it."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from backend_functions.db.queries import queries
from backend_functions.gateway.storage.errors import StorageError
from backend_functions.gateway.storage.names import folder_bounds
from backend_functions.gateway.storage.store import Row, StoredObjects
from backend_functions.types import Caller

_SQL = queries("storage")

Column = Literal["name", "created_at", "updated_at", "last_accessed_at"]
Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class FolderQuery:
    """A page of one folder, by its number."""

    bucket: str
    prefix: str
    search: str = ""
    column: Column = "name"
    order: Order = "asc"
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A page of everything below a prefix, after the one before."""

    bucket: str
    prefix: str
    with_folders: bool = False
    """Folders stand as one entry, instead of all that lies in them."""
    column: Column = "name"
    order: Order = "asc"
    limit: int = 1000
    cursor: str | None = None


async def list_folder(store: StoredObjects, caller: Caller, query: FolderQuery) -> list[Row]:
    """Return what the caller sees in a folder; folders in it have null for all but their name."""
    prefix = query.prefix if not query.prefix or query.prefix.endswith("/") else f"{query.prefix}/"
    # What is searched for may go deeper: `a/b` looks for names that begin with b in the folder a.
    deeper, slash, search = query.search.rpartition("/")
    lower, upper = folder_bounds(prefix + deeper + slash)
    values = {
        "bucket": query.bucket,
        "prefix": lower,
        "upper": upper,
        "search": search,
        "column": query.column,
        "order": query.order,
        "limit": query.limit,
        "offset": query.offset,
    }
    async with store.database.act_as(caller, read_only=True) as connection:
        cursor = await connection.execute(_SQL.list_objects, values)
        return await cursor.fetchall()


async def list_page(store: StoredObjects, caller: Caller, query: PageQuery) -> Row:
    """Return `{hasNext, folders, objects}`, and `nextCursor` where there is more.

    Raises:
        StorageError: InvalidParameter: the cursor is none of ours.
    """
    after, moment = _read_cursor(query.cursor)
    lower, upper = folder_bounds(query.prefix)
    values = {
        "bucket": query.bucket,
        "prefix": lower,
        "upper": upper,
        "delimited": query.with_folders,
        "column": query.column,
        "order": query.order,
        "after": after,
        "after_moment": moment,
        "limit": query.limit + 1,
    }
    is_plain = query.column == "name" and query.order == "asc" and not query.with_folders
    statement = _SQL.list_by_name if is_plain else _SQL.list_keyset
    async with store.database.act_as(caller, read_only=True) as connection:
        cursor = await connection.execute(statement, values)
        rows = await cursor.fetchall()
    return _page(rows, query)


def _page(rows: list[Row], query: PageQuery) -> Row:
    shown = rows[: query.limit]
    answer: Row = {"hasNext": len(rows) > query.limit, "folders": [], "objects": []}
    last_moment: Any = None
    for row in shown:
        last_moment = row.pop("moment", None)
        key = row["name"].rpartition("/")[2]
        if row["id"] is None:
            answer["folders"].append({"key": row["name"], "name": f"{row['name']}/"})
        else:
            answer["objects"].append({**row, "key": key} if query.with_folders else row)
    if answer["hasNext"]:
        answer["nextCursor"] = _write_cursor(shown[-1]["name"], last_moment)
    return answer


def _write_cursor(name: str, moment: datetime | None) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([name, moment])).decode()


def _read_cursor(cursor: str | None) -> tuple[str | None, datetime | None]:
    if not cursor:
        return None, None
    try:
        name, moment = orjson.loads(base64.urlsafe_b64decode(cursor))
        if not isinstance(name, str) or "\0" in name:
            raise ValueError("not a name")
        return name, datetime.fromisoformat(moment) if moment else None
    except (ValueError, TypeError) as error:
        message = "Invalid Parameter continuation token"
        raise StorageError(400, "InvalidParameter", message) from error
