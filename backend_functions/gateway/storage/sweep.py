"""What has to be seen to once, before the first request: leftovers, and that nothing is open."""

import asyncio

import structlog

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.leftovers import remove_objects_of_nobody
from backend_functions.gateway.storage.store import StoredObjects
from backend_functions.settings import InvalidSettings
from backend_functions.types import SERVICE

log = structlog.get_logger(__name__)

_SQL = queries("storage")
_BATCH = 1000
_PRIVATE_BUCKET = "user_assets"


class OpenBucket(InvalidSettings):
    """The users' bucket would serve everything in it to everybody."""


async def remove_orphans(database: Database, folder: ObjectFolder) -> int:
    """Remove the files that no row names, which a crash left, and return how many there were.

    To be called before anything is served: a file that is being named looks like an orphan.
    """
    await asyncio.to_thread(folder.prepare)
    versions = await asyncio.to_thread(lambda: list(folder.versions()))
    removed = 0
    for start in range(0, len(versions), _BATCH):
        batch = versions[start : start + _BATCH]
        async with database.act_as(SERVICE, read_only=True) as connection:
            cursor = await connection.execute(_SQL.known_versions, {"versions": batch})
            known = {row["version"] for row in await cursor.fetchall()}
        for version in set(batch) - known:
            await asyncio.to_thread(folder.remove, version)
            removed += 1
    if removed:
        log.info("removed files that belong to no object", count=removed)
    return removed


async def check_bucket_is_private(database: Database) -> None:
    """Refuse to serve the users' bucket when somebody has marked it public.

    Raises:
        OpenBucket: The message says how to mend it.
    """
    async with database.act_as(SERVICE, read_only=True) as connection:
        cursor = await connection.execute(_SQL.is_public, {"bucket": _PRIVATE_BUCKET})
        row = await cursor.fetchone()
    if row is not None and row["public"]:
        raise OpenBucket(
            f"The bucket {_PRIVATE_BUCKET} was made public, which opens private files to everybody."
            " Set `public` of its row in storage.buckets to false."
        )


async def prepare_storage(database_url: str, folder: ObjectFolder) -> None:
    """See to all of it, with a connection of its own.

    Raises:
        OpenBucket: The message says how to mend it.
    """
    database = Database(database_url, max_size=1)
    await database.open()
    try:
        await check_bucket_is_private(database)
        await remove_orphans(database, folder)
        await remove_objects_of_nobody(StoredObjects(database, folder, max_bytes=0))
    finally:
        await database.close()
