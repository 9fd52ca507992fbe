"""Sealing stored keys anew with the master key that seals now, while everybody goes on working.

Nothing is remembered between batches: what is sealed with another master key is what is left to
do. So this may be killed at any row and begun again, and two of them do no harm.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend_functions.admin.problem import AdminProblem
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.egress.policy import EgressPolicy, origin
from backend_functions.errors import ServiceError
from backend_functions.providers.registry import find_provider, resolve_base_url
from backend_functions.sealing import KeyBinding, KeySealer

_SQL = queries("keys")
_BATCH = 200
_MAX_PASSES = 30
_PAUSE_SECONDS = 0.3

# Whether an address may be called is not asked here, only what it is.
_ANY_ADDRESS = EgressPolicy(allow_loopback=True)


@dataclass(frozen=True, slots=True)
class Resealed:
    """What came of it: keys sealed anew, and envelopes that do not open and were left."""

    resealed: int
    failed: int


async def count_by_key(database: Database) -> dict[str, int]:
    """Return how many stored keys each master key has sealed, by its id."""
    async with database.as_service() as connection:
        cursor = await connection.execute(_SQL.count_by_key)
        return {row["key_id"]: row["rows"] for row in await cursor.fetchall()}


def key_binding(row: Mapping[str, Any]) -> KeyBinding:
    """Return what the key of a config is bound to.

    Args:
        row: `id`, `user_id`, `provider` and `base_url` of the config.

    Raises:
        ServiceError: The provider is not known, or the address cannot be one.
    """
    provider = find_provider(row["provider"])
    base_url = resolve_base_url(provider, row["base_url"], _ANY_ADDRESS, None)
    return KeyBinding(row["user_id"], row["id"], origin(base_url))


async def try_to_open(database: Database, sealer: KeySealer, key_id: str) -> Resealed:
    """Count what sealing with a master key of this id would come to; nothing is changed."""
    opening = failed = 0
    after: UUID | None = None
    while rows := await _next_rows(database, key_id, after):
        after = rows[-1]["id"]
        found = sum(_open(sealer, row) is not None for row in rows)
        opening += found
        failed += len(rows) - found
    return Resealed(opening, failed)


async def reseal_all(database: Database, sealer: KeySealer) -> Resealed:
    """Seal every stored key with the sealing key; goes over them until none is left that opens.

    Raises:
        AdminProblem: Somebody keeps rows locked; what could be done is done.
    """
    resealed = 0
    for _ in range(_MAX_PASSES):
        done, passed_over, failed = await _reseal_once(database, sealer)
        resealed += done
        if not done and not passed_over:
            return Resealed(resealed, failed)
        if passed_over:
            await asyncio.sleep(_PAUSE_SECONDS)
    raise AdminProblem("Some stored keys are being changed all the time. Rotate again later.")


async def _reseal_once(database: Database, sealer: KeySealer) -> tuple[int, int, int]:
    done = passed_over = failed = 0
    after: UUID | None = None
    while rows := await _next_rows(database, sealer.sealing_key_id, after):
        after = rows[-1]["id"]
        envelopes = [(row, _reseal(sealer, row)) for row in rows]
        opened = [(row, new) for row, new in envelopes if new is not None]
        replaced = await _replace(database, opened)
        done += replaced
        passed_over += len(opened) - replaced
        failed += len(rows) - len(opened)
    return done, passed_over, failed


async def _next_rows(database: Database, key_id: str, after: UUID | None) -> list[dict[str, Any]]:
    async with database.as_service() as connection:
        cursor = await connection.execute(
            _SQL.sealed_otherwise, {"key_id": key_id, "after": after, "size": _BATCH}
        )
        return await cursor.fetchall()


async def _replace(database: Database, envelopes: list[tuple[dict[str, Any], str]]) -> int:
    async with database.as_service() as connection:
        cursor = await connection.execute(
            _SQL.replace_envelopes,
            {
                "ids": [row["id"] for row, _ in envelopes],
                "olds": [row["api_key_encrypted"] for row, _ in envelopes],
                "news": [new for _, new in envelopes],
            },
        )
        return len(await cursor.fetchall())


def _reseal(sealer: KeySealer, row: dict[str, Any]) -> str | None:
    """Return the new envelope; None when the old one does not open."""
    key = _open(sealer, row)
    return None if key is None else sealer.seal(key, key_binding(row))


def _open(sealer: KeySealer, row: dict[str, Any]) -> str | None:
    try:
        return sealer.open(row["api_key_encrypted"], key_binding(row))
    except ServiceError:
        return None
