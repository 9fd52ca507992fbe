"""What an operator does with the keys that sign tokens: look, rotate, retire. None is ever shown.

One signs, one stands by and is published already, so that whoever keeps the published keys for a
while knows it when it begins to sign. Those that signed until lately are published for as long as
a token of theirs may be about; their private halves are gone.
"""

import time
from dataclasses import dataclass, replace
from typing import Any

from backend_functions.access.claims import SKEW_SECONDS
from backend_functions.access.legacy_keys import make_legacy_key
from backend_functions.admin.key_rings import EmbeddedRing
from backend_functions.admin.problem import AdminProblem
from backend_functions.embedded.machine_keys import (
    MachineKeys,
    RetiredKey,
    new_signing_key,
    public_half,
)
from backend_functions.gateway.auth.tokens import TOKEN_SECONDS, key_id

_TEN_YEARS = 10 * 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class TokenKeyTender:
    """Tends the signing keys of an embedded backend."""

    ring: EmbeddedRing

    def list_keys(self) -> list[dict[str, Any]]:
        """Return every key, the one that signs first; `until` is in seconds since 1970."""
        keys = self.ring.machine_keys()
        return [
            {"id": key_id(keys.signing_key_pem), "state": "current", "until": None},
            {"id": key_id(keys.standby_key_pem), "state": "standby", "until": None},
            *(
                {"id": key_id(key.public_pem), "state": "previous", "until": int(key.until)}
                for key in keys.retired_keys
            ),
        ]

    def rotate(self) -> dict[str, Any]:
        """Let the key that stood by sign; tokens of the old one are good to their end."""
        keys, now = self.ring.machine_keys(), time.time()
        retired = RetiredKey(
            public_half(keys.signing_key_pem), until=now + TOKEN_SECONDS + SKEW_SECONDS
        )
        rotated = replace(
            keys,
            signing_key_pem=keys.standby_key_pem,
            standby_key_pem=new_signing_key(),
            retired_keys=(retired, *(key for key in keys.retired_keys if key.until > now)),
        )
        self._change(rotated)
        return {"signing_key": key_id(rotated.signing_key_pem)}

    def retire(self, wanted: str) -> dict[str, Any]:
        """Trust a key that once signed no more, and with it no token it signed.

        Raises:
            AdminProblem: There is no such key, or it signs or stands by.
        """
        keys = self.ring.machine_keys()
        if wanted in (key_id(keys.signing_key_pem), key_id(keys.standby_key_pem)):
            raise AdminProblem("That key signs or stands by. Rotate first.")
        kept = tuple(key for key in keys.retired_keys if key_id(key.public_pem) != wanted)
        if len(kept) == len(keys.retired_keys):
            raise AdminProblem(f"There is no signing key {wanted}.")
        self._change(replace(keys, retired_keys=kept))
        return {"retired": wanted, "is_removed": True}

    def legacy_keys(self) -> dict[str, str]:
        """Return the API keys of the older kind, good for ten years, by their usual names."""
        secret, now = self.ring.machine_keys().legacy_secret, int(time.time())
        names = {"anon": "SUPABASE_ANON_KEY", "service_role": "SUPABASE_SERVICE_ROLE_KEY"}
        return {
            name: make_legacy_key(role, secret, issued_at=now, lifetime_seconds=_TEN_YEARS)
            for role, name in names.items()
        }

    def _change(self, keys: MachineKeys) -> None:
        self.ring.change_token_keys(keys, key_id(keys.signing_key_pem))
