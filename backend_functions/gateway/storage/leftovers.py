"""Objects of users who are gone: rows of the database go with their user, objects do not."""

from uuid import UUID

import structlog

from backend_functions.db.queries import queries
from backend_functions.gateway.storage.store import StoredObjects
from backend_functions.types import SERVICE, Caller

log = structlog.get_logger(__name__)

_SQL = queries("storage")
_BUCKET = "user_assets"
_BATCH = 1000
_WHO_KNOWS_USERS = Caller("supabase_auth_admin", {"role": "supabase_auth_admin"})


async def remove_objects_of(store: StoredObjects, user_id: UUID) -> int:
    """Remove, in batches, all that the users' bucket keeps for somebody, and return how many."""
    removed = 0
    while True:
        async with store.database.act_as(SERVICE, read_only=True) as connection:
            values = {"bucket": _BUCKET, "user_id": str(user_id), "limit": _BATCH}
            rows = await (await connection.execute(_SQL.objects_of_user, values)).fetchall()
        gone = await store.remove(SERVICE, _BUCKET, [row["name"] for row in rows]) if rows else []
        removed += len(gone)
        if not gone:
            return removed


async def remove_objects_of_nobody(store: StoredObjects) -> int:
    """Remove what a crash left between the end of a user and that of their objects.

    A user is deleted before their objects, and nobody who is not there yet has any.
    """
    async with store.database.act_as(SERVICE, read_only=True) as connection:
        cursor = await connection.execute(_SQL.users_with_objects, {"bucket": _BUCKET})
        owners = {UUID(row["user_id"]) for row in await cursor.fetchall()}
    async with store.database.act_as(_WHO_KNOWS_USERS, read_only=True) as connection:
        cursor = await connection.execute(_SQL.known_users, {"user_ids": list(owners)})
        owners -= {row["id"] for row in await cursor.fetchall()}
    removed = sum([await remove_objects_of(store, owner) for owner in owners])
    if removed:
        log.info("removed objects of users who are gone", count=removed)
    return removed
