"""What an operator does with master keys: look, rotate, retire. No key is ever shown."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backend_functions.admin.key_rings import KeyRing
from backend_functions.admin.problem import AdminProblem
from backend_functions.admin.resealing import Resealed, count_by_key, reseal_all, try_to_open
from backend_functions.db.pool import Database
from backend_functions.sealing import KeySealer
from backend_functions.settings import MasterKey

_NUMBERED = re.compile(r"m(\d{1,9})")


@dataclass(frozen=True, slots=True)
class KeyTender:
    """Tends the master keys of one backend."""

    ring: KeyRing
    database: Database

    async def list_keys(self) -> list[dict[str, Any]]:
        """Return every master key there is or that is needed: the sealing one first."""
        counts = await count_by_key(self.database)
        configured = [key.id for key in self.ring.read()]
        missing = [key_id for key_id in counts if key_id not in configured]
        return [
            {
                "id": key_id,
                "is_sealing": key_id == configured[0],
                "is_configured": key_id in configured,
                "rows": counts.get(key_id, 0),
            }
            for key_id in (*configured, *missing)
        ]

    async def plan_rotation(self) -> dict[str, Any]:
        """Return what `rotate` would return; nothing is changed."""
        keys = self.ring.read()
        sealer, sealing_key = KeySealer(keys), keys[0].id
        outcome = await try_to_open(self.database, sealer, sealing_key)
        if self.ring.can_change and not outcome.resealed:
            sealing_key = next_id(await self._used(keys))
            outcome = await try_to_open(self.database, sealer, sealing_key)
        return _as_record(outcome, sealing_key)

    async def rotate(self) -> dict[str, Any]:
        """Seal everything with a new master key, or finish doing so.

        Where keys are changed elsewhere, the sealing key of there is the new one.
        """
        self.ring.announce()
        keys = self.ring.read()
        outcome = await reseal_all(self.database, KeySealer(keys))
        if self.ring.can_change and not outcome.resealed:  # no earlier rotation was left unfinished
            new_id = next_id(await self._used(keys))
            keys = (MasterKey(new_id, secrets.token_bytes(32)), *keys)
            self.ring.change(keys)
            outcome = await reseal_all(self.database, KeySealer(keys))
        return _as_record(outcome, keys[0].id)

    async def retire(self, key_id: str) -> dict[str, Any]:
        """Take a master key away that nothing is sealed with any more.

        Raises:
            AdminProblem: It is not there, it seals, or stored keys still need it.
        """
        keys = self.ring.read()
        if key_id not in {key.id for key in keys}:
            raise AdminProblem(f"There is no master key {key_id}.")
        if key_id == keys[0].id:
            raise AdminProblem(f"{key_id} is the master key that seals. Rotate first.")
        await self._refuse_used(key_id)
        if self.ring.can_change:
            self.ring.change(tuple(key for key in keys if key.id != key_id))
            try:
                await self._refuse_used(key_id)
            except AdminProblem:  # sealed with it in the moment between
                self.ring.change(keys)
                raise
        return {"retired": key_id, "is_removed": self.ring.can_change}

    async def _used(self, keys: Iterable[MasterKey]) -> set[str]:
        return {*(await count_by_key(self.database)), *(key.id for key in keys)}

    async def _refuse_used(self, key_id: str) -> None:
        count = (await count_by_key(self.database)).get(key_id, 0)
        if count:
            raise AdminProblem(
                f"{count} stored keys are still sealed with {key_id}. Rotate first; those that do"
                " not open have to be entered again by their users.",
                rows=count,
            )


def _as_record(outcome: Resealed, sealing_key: str) -> dict[str, Any]:
    return {"resealed": outcome.resealed, "failed": outcome.failed, "sealing_key": sealing_key}


def next_id(used: Iterable[str]) -> str:
    """Return `m<number>` with a number above all that were used."""
    numbers = [int(match[1]) for key_id in used if (match := _NUMBERED.fullmatch(key_id))]
    return f"m{max(numbers, default=0) + 1}"
