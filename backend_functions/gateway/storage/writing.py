"""New content: from a request or from another object, to a file, to a row."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from backend_functions.db.pool import Connection, take_role
from backend_functions.db.queries import queries
from backend_functions.gateway.storage.bodies import Upload
from backend_functions.gateway.storage.disk import Draft
from backend_functions.gateway.storage.errors import no_such_object, too_large
from backend_functions.gateway.storage.names import check_mime_type
from backend_functions.gateway.storage.store import (
    Place,
    Row,
    StoredObjects,
    first_row,
    say_operation,
)
from backend_functions.types import SERVICE, Caller

_SQL = queries("storage")
_PIECE_BYTES = 1024 * 1024
_ATTEMPTS = 3
_EMPTY_FOLDER = ".emptyFolderPlaceholder"
"""What dashboards store so that a folder without objects can be seen."""

_REFUSALS = (psycopg.IntegrityError, psycopg.ProgrammingError, psycopg.DataError)
"""After these nothing was stored for sure; after a broken connection nobody knows."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes what, and how."""

    caller: Caller
    place: Place
    upsert: bool
    owner: str | None = None
    """The user id that the object is noted to belong to."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a copy is to have otherwise than its source."""

    metadata: Row = field(default_factory=dict)
    user_metadata: Row | None = None


async def check_upload(store: StoredObjects, writer: Writer, metadata: Row) -> None:
    """Ask the policies before a byte is taken; leaves nothing.

    Raises:
        psycopg.Error: They refuse it, or the object is there already.
    """
    async with store.database.act_as(writer.caller) as connection:
        await say_operation(connection, "storage.object.upload")
        await _insert(connection, writer, _values(writer, uuid4(), metadata, {}))
        raise psycopg.Rollback


async def upload_object(store: StoredObjects, writer: Writer, upload: Upload) -> UUID:
    """Store a file and return the object's id.

    Raises:
        StorageError: The bucket is missing, or does not take this.
        psycopg.Error: A policy refuses it, or the object is there already.
    """
    bucket = await store.bucket(writer.place.bucket)
    most_bytes = _most_bytes(store, bucket, writer.place)
    if most_bytes:
        check_mime_type(upload.mime_type, bucket["allowed_mime_types"])
    if (upload.declared_bytes or 0) > most_bytes:
        raise too_large()
    expected = {"mimetype": upload.mime_type, "contentLength": upload.declared_bytes}
    await check_upload(store, writer, expected)
    async with _new_draft(store) as draft:
        await _receive(draft, upload.pieces, most_bytes)
        await asyncio.to_thread(store.folder.keep, draft)
        version, metadata = UUID(draft.version), _metadata(draft, upload)
        return await _name(store, writer, _values(writer, version, metadata, upload.user_metadata))


async def copy_object(store: StoredObjects, source: Place, writer: Writer, changes: Changes) -> Row:
    """Give an object's content to another one as well, and return the new one.

    Raises:
        StorageError: NoSuchKey, NoSuchBucket.
        psycopg.Error: A policy refuses it, or the target is there already.
    """
    await store.bucket(writer.place.bucket)
    row, version = await _copy_file(store, writer.caller, source)
    metadata = {**(row["metadata"] or {}), **changes.metadata}
    user_metadata = changes.user_metadata
    if user_metadata is None:
        user_metadata = row["user_metadata"] or {}
    values = _values(writer, version, metadata, user_metadata)
    made = await _name(store, writer, values)
    place = writer.place
    return {"id": made, "name": place.name, "bucket_id": place.bucket, "metadata": metadata}


async def _copy_file(store: StoredObjects, caller: Caller, source: Place) -> tuple[Row, UUID]:
    for _ in range(_ATTEMPTS):  # it may be replaced between the two steps
        row, version = await store.find(caller, source), uuid4()
        try:
            await asyncio.to_thread(store.folder.copy, str(row["version"]), version)
        except FileNotFoundError:
            continue
        return row, version
    raise no_such_object()


async def _name(store: StoredObjects, writer: Writer, values: Row) -> UUID:
    """Write the row of a file that is there; the file goes again if it cannot be."""
    try:
        async with store.database.act_as(SERVICE) as connection:
            await say_operation(connection, "storage.object.upload")
            await connection.execute(_SQL.lock_name, values)
            replaced = await first_row(connection, _SQL.lock_version, values)
            await take_role(connection, writer.caller)
            made = await _insert(connection, writer, values)
    except _REFUSALS:
        await store.remove_files([values["version"]])
        raise
    await store.remove_files([replaced["version"] if replaced else None])
    return made


async def _insert(connection: Connection, writer: Writer, values: Row) -> UUID:
    if not writer.upsert:
        await connection.execute(_SQL.insert_object, values)
        return UUID(str(values["id"]))
    row = await first_row(connection, _SQL.upsert_object, values)
    assert row is not None, "it inserts or updates, or fails"
    return UUID(str(row["id"]))


def _most_bytes(store: StoredObjects, bucket: Row, place: Place) -> int:
    if place.name.endswith(_EMPTY_FOLDER):
        return 0
    limit = bucket["file_size_limit"]
    return store.max_bytes if limit is None else min(limit, store.max_bytes)


@asynccontextmanager
async def _new_draft(store: StoredObjects) -> AsyncIterator[Draft]:
    draft = await asyncio.to_thread(store.folder.new_draft, uuid4())
    try:
        yield draft
    finally:
        await asyncio.to_thread(draft.discard)


async def _receive(draft: Draft, pieces: AsyncIterator[bytes], most_bytes: int) -> None:
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if draft.size + len(waiting) > most_bytes:
            raise too_large()
        if len(waiting) >= _PIECE_BYTES:
            await asyncio.to_thread(draft.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(draft.write, bytes(waiting))
    await asyncio.to_thread(draft.finish)


def _metadata(draft: Draft, upload: Upload) -> Row:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        "eTag": draft.etag,
        "size": draft.size,
        "mimetype": upload.mime_type,
        "cacheControl": upload.cache_control,
        "lastModified": now.replace("+00:00", "Z"),
        "contentLength": draft.size,
        "httpStatusCode": 200,
    }


def _values(writer: Writer, version: UUID, metadata: Row, user_metadata: Row) -> Row:
    return {
        **writer.place.keys,
        "id": uuid4(),
        "owner": writer.owner,
        "owner_id": writer.owner,
        "version": str(version),
        "metadata": Jsonb(metadata),
        "user_metadata": Jsonb(user_metadata),
    }
