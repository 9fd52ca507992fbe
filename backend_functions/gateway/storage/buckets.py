"""Buckets: rows, with the rules for what they may be called and may limit."""

from typing import Any
from uuid import UUID

from backend_functions.db.queries import queries
from backend_functions.gateway.storage.errors import (
    StorageError,
    access_denied,
    feature_not_enabled,
    invalid_request,
    no_such_bucket,
    too_large,
)
from backend_functions.gateway.storage.names import (
    check_bucket_name,
    check_mime_patterns,
    parse_size,
    require_text,
)
from backend_functions.gateway.storage.store import Row, StoredObjects, first_row, say_operation
from backend_functions.types import SERVICE, Caller

_SQL = queries("storage")


async def list_buckets(store: StoredObjects, caller: Caller, query: Row) -> list[Row]:
    """Return the buckets that the caller may see, as `list_buckets` of storage.sql asks."""
    async with store.database.act_as(caller, read_only=True) as connection:
        cursor = await connection.execute(_SQL.list_buckets, query)
        return await cursor.fetchall()


async def create_bucket(store: StoredObjects, caller: Caller, body: Row) -> str:
    """Make a bucket and return its name.

    Raises:
        StorageError: A name or a limit cannot be.
        psycopg.Error: The caller may not, or it is there already.
    """
    name = check_bucket_name(require_text(body.get("name"), "name"))
    if body.get("type", "STANDARD") != "STANDARD":
        raise feature_not_enabled("iceberg_catalog")
    values = {
        "id": check_bucket_name(require_text(body.get("id") or name, "id")),
        "name": name,
        "owner": caller.user_id,
        "owner_id": _text(caller.user_id),
        "public": body.get("public") is True,
        "file_size_limit": _limit(store, body.get("file_size_limit")),
        "allowed_mime_types": _types(body.get("allowed_mime_types")),
    }
    async with store.database.act_as(caller) as connection:
        await say_operation(connection, "storage.bucket.create")
        await connection.execute(_SQL.insert_bucket, values)
    return name


async def update_bucket(store: StoredObjects, caller: Caller, bucket: str, body: Row) -> None:
    """Change what is given; null takes a limit away.

    Raises:
        StorageError: A limit cannot be, there is no such bucket, or the caller may not.
    """
    if not body.keys() & {"public", "file_size_limit", "allowed_mime_types"}:
        raise invalid_request("No content provided")
    public = body.get("public")
    values = {
        "bucket": bucket,
        "public": public if isinstance(public, bool) else None,
        "set_limit": "file_size_limit" in body,
        "file_size_limit": _limit(store, body.get("file_size_limit")),
        "set_types": "allowed_mime_types" in body,
        "allowed_mime_types": _types(body.get("allowed_mime_types")),
    }
    await store.bucket(bucket, caller)
    async with store.database.act_as(caller) as connection:
        await say_operation(connection, "storage.bucket.update")
        cursor = await connection.execute(_SQL.update_bucket, values)
    if cursor.rowcount == 0:
        raise access_denied()


async def empty_bucket(store: StoredObjects, caller: Caller, bucket: str) -> None:
    """Remove all of a bucket's objects that the caller may remove.

    Raises:
        StorageError: There is no such bucket for this caller.
    """
    await store.bucket(bucket, caller)
    async with store.database.act_as(caller) as connection:
        await say_operation(connection, "storage.bucket.empty")
        await connection.execute(_SQL.allow_deletes)
        cursor = await connection.execute(_SQL.empty_bucket, {"bucket": bucket})
        rows = await cursor.fetchall()
    await store.remove_files(row["version"] for row in rows)


async def delete_bucket(store: StoredObjects, caller: Caller, bucket: str) -> None:
    """Delete a bucket without objects.

    Raises:
        StorageError: There is no such bucket for this caller, or it is not empty.
    """
    await store.bucket(bucket, caller)
    # Asked as the service: what the caller does not see counts as well. An object that comes in
    # between is kept by its foreign key.
    async with store.database.act_as(SERVICE, read_only=True) as connection:
        row = await first_row(connection, _SQL.has_objects, {"bucket": bucket})
    if row is not None and row["has_objects"]:
        message = "The bucket you tried to delete is not empty"
        raise StorageError(409, "ResourceNotEmpty", message)
    async with store.database.act_as(caller) as connection:
        await say_operation(connection, "storage.bucket.delete")
        await connection.execute(_SQL.allow_deletes)
        cursor = await connection.execute(_SQL.delete_bucket, {"bucket": bucket})
    if cursor.rowcount == 0:
        raise no_such_bucket()


def _limit(store: StoredObjects, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise invalid_request("body/file_size_limit must be integer,string,null")
    size = parse_size(value)
    if size > store.max_bytes:
        raise too_large()
    return size


def _types(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid_request("body/allowed_mime_types must be array,null")
    patterns = [item for item in value if item]
    check_mime_patterns(patterns)
    return patterns


def _text(user_id: UUID | None) -> str | None:
    return None if user_id is None else str(user_id)
