"""What an operator does with master keys: look, rotate, retire. No key is ever shown."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backend_functions.admin.key_rings import KeyRing
from backend_functions.admin.problem import AdminProblem
from backend_functions.admin.resealing import count_by_key, reseal_all
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

    async def rotate(self) -> dict[str, Any]:
        """Seal everything with a new master key, or finish doing so.

        Where keys are changed elsewhere, the sealing key of there is the new one.
        """
        self.ring.announce()
        keys = self.ring.read()
        outcome = await reseal_all(self.database, KeySealer(keys))
        if self.ring.can_change and not outcome.resealed:  # no earlier rotation was left unfinished
            used = {*(await count_by_key(self.database)), *(key.id for key in keys)}
            keys = (MasterKey(next_id(used), secrets.token_bytes(32)), *keys)
            self.ring.change(keys)
            outcome = await reseal_all(self.database, KeySealer(keys))
        return {
            "resealed": outcome.resealed,
            "failed": outcome.failed,
            "sealing_key": keys[0].id,
        }

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

    async def _refuse_used(self, key_id: str) -> None:
        count = (await count_by_key(self.database)).get(key_id, 0)
        if count:
            raise AdminProblem(
                f"{count} stored keys are still sealed with {key_id}. Rotate first; those that do"
                " not open have to be entered again by their users.",
                rows=count,
            )


def next_id(used: Iterable[str]) -> str:
    """Return `m<number>` with a number above all that were used."""
    numbers = [int(match[1]) for key_id in used if (match := _NUMBERED.fullmatch(key_id))]
    return f"m{max(numbers, default=0) + 1}"
