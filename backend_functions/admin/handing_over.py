"""Keys of one person, opened at one backend and sealed for the same configs at another one.

Whoever runs this holds the master keys of both, and says that both accounts are the same person's.
A key is in the memory of this process alone: in no argument, no result, no log and no error.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from backend_functions.admin.resealing import key_binding
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import ServiceError
from backend_functions.model_configs.store import shown_end
from backend_functions.sealing import KeySealer

_SQL = queries("keys")


@dataclass(frozen=True, slots=True)
class Holder:
    """One side: its database, its master keys, and the account there."""

    database: Database
    sealer: KeySealer
    user_id: UUID


@dataclass(slots=True)
class HandedOver:
    """Names of configs, in order, and why the keys of others were not handed over."""

    handed_over: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


async def hand_over_keys(source: Holder, target: Holder) -> HandedOver:
    """Give every config of the target that has no key the one its namesake at the source has.

    It must be for the same provider at the same address: a key is sent nowhere it was not meant to
    go. Done again it does what is missing.
    """
    outcome = HandedOver()
    keyless = {row["name"]: row for row in await _rows(target, _SQL.without_key_of)}
    for row in await _rows(source, _SQL.with_key_of):
        if (there := keyless.get(row["name"])) is None:
            continue  # it is not there, or has a key
        try:
            reason = await _hand_over(source, row, target, there)
        except ServiceError as error:
            reason = error.message
        if reason is None:
            outcome.handed_over.append(row["name"])
        else:
            outcome.left[row["name"]] = reason
    return outcome


async def _hand_over(
    source: Holder, row: dict[str, Any], target: Holder, there: dict[str, Any]
) -> str | None:
    """Return why not, or None when it is done."""
    opened_with, sealed_with = key_binding(row), key_binding(there)
    if (row["provider"], opened_with.origin) != (there["provider"], sealed_with.origin):
        return "The config of this name at the target is for another provider or address."
    key = source.sealer.open(row["api_key_encrypted"], opened_with)
    given = {
        **there,
        "api_key_encrypted": target.sealer.seal(key, sealed_with),
        "key_last4": shown_end(key),
    }
    async with target.database.as_service() as connection:
        cursor = await connection.execute(_SQL.give_key, given)
        return None if await cursor.fetchone() else "Its config at the target has just changed."


async def _rows(holder: Holder, statement: str) -> list[dict[str, Any]]:
    async with holder.database.as_service() as connection:
        cursor = await connection.execute(statement.encode(), {"user_id": holder.user_id})
        return await cursor.fetchall()
