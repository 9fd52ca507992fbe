"""Objects as rows and files together: what is visible was wholly written, whatever is cut short.

A file is there, whole, before the row that names it; a row is gone before the file that it named.
What a crash leaves between the two is a file that no row names, which `sweep` removes.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from backend_functions.db.pool import Connection, Database
from backend_functions.db.queries import queries
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.errors import (
    access_denied,
    no_such_bucket,
    no_such_object,
)
from backend_functions.types import SERVICE, Caller

_SQL = queries("storage")
_ATTEMPTS = 3

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object lies, or is to lie."""

    bucket: str
    name: str

    @property
    def path(self) -> str:
        """The two in one, as URLs have them."""
        return f"{self.bucket}/{self.name}"

    @property
    def keys(self) -> Row:
        """The two as statements name them."""
        return {"bucket": self.bucket, "name": self.name}


class StoredObjects:
    """All objects; every access is the caller's, and row level security decides it."""

    def __init__(
        self,
        database: Database,
        folder: ObjectFolder,
        *,
        max_bytes: int,
        window_seconds: float = 60.0,
    ) -> None:
        self.database = database
        self.folder = folder
        self.max_bytes = max_bytes
        """The largest object, whatever its bucket says."""
        self.window_seconds = window_seconds
        """How long each 256 KiB of an upload may take."""

    async def bucket(self, bucket: str, caller: Caller = SERVICE) -> Row:
        """Return a bucket as the caller sees it; as the service, to learn its limits.

        Raises:
            StorageError: NoSuchBucket.
        """
        async with self.database.act_as(caller, read_only=True) as connection:
            row = await first_row(connection, _SQL.find_bucket, {"bucket": bucket})
        if row is None:
            raise no_such_bucket()
        return row

    async def find(self, caller: Caller, place: Place) -> Row:
        """Return an object's row.

        Raises:
            StorageError: NoSuchKey: there is none, or none for this caller.
        """
        async with self.database.act_as(caller, read_only=True) as connection:
            row = await first_row(connection, _SQL.find_object, place.keys)
        if row is None:
            raise no_such_object()
        return row

    async def open(self, caller: Caller, place: Place) -> tuple[Row, BinaryIO]:
        """Return an object's row and the very file it names, open for reading.

        Raises:
            StorageError: NoSuchKey.
        """
        for _ in range(_ATTEMPTS):  # it may be replaced between the two steps
            row = await self.find(caller, place)
            with suppress(FileNotFoundError):
                return row, await asyncio.to_thread(self.folder.open, str(row["version"]))
        raise no_such_object()

    async def move(self, caller: Caller, source: Place, target: Place) -> UUID:
        """Call an object otherwise; its file stays what it is.

        Raises:
            StorageError: NoSuchKey, NoSuchBucket.
            psycopg.Error: A policy refuses it, or the target is there already.
        """
        await self.bucket(target.bucket)
        values = {"to_bucket": target.bucket, "to_name": target.name, "owner": caller.user_id}
        async with self.database.act_as(caller) as connection:
            await say_operation(connection, "storage.object.move")
            row = await first_row(connection, _SQL.move_object, {**source.keys, **values})
        if row is None:
            raise no_such_object()
        return UUID(str(row["id"]))

    async def remove(self, caller: Caller, bucket: str, names: list[str]) -> list[Row]:
        """Remove what the caller may remove of these, and return what it was."""
        async with self.database.act_as(caller) as connection:
            await say_operation(connection, "storage.object.delete_many")
            await connection.execute(_SQL.allow_deletes)
            cursor = await connection.execute(
                _SQL.delete_objects, {"bucket": bucket, "names": names}
            )
            rows = await cursor.fetchall()
        await self.remove_files(row["version"] for row in rows)
        return rows

    async def remove_one(self, caller: Caller, place: Place) -> None:
        """Remove one object.

        Raises:
            StorageError: NoSuchKey where the caller sees none, AccessDenied where it must stay.
        """
        await self.find(caller, place)
        if not await self.remove(caller, place.bucket, [place.name]):
            raise access_denied()

    async def remove_files(self, versions: Iterable[str | None]) -> None:
        """Remove the files of rows that are gone."""
        for version in versions:
            if version is not None:
                await asyncio.to_thread(self.folder.remove, version)


async def say_operation(connection: Connection, operation: str) -> None:
    """Tell policies that ask `storage.operation()` what is being done."""
    await connection.execute(_SQL.say_operation, {"operation": operation})


async def first_row(connection: Connection, statement: str, values: Row) -> Row | None:
    """Run a statement and return its first row, if it has one."""
    cursor = await connection.execute(statement, values)
    return await cursor.fetchone()
