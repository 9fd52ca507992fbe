"""The keys that sign and verify this backend's tokens, which can be changed while it runs."""

import time
from collections.abc import Callable

from backend_functions.access import FixedKeys
from backend_functions.embedded.machine_keys import MachineKeys
from backend_functions.gateway.auth.tokens import TokenSigner


class TokenKeys:
    """One key signs; those to come and those that signed until lately are trusted as well."""

    def __init__(
        self, keys: MachineKeys, *, issuer: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self.signer = TokenSigner(keys.signing_key_pem, issuer=issuer)
        self.trusted = FixedKeys(())
        self.use(keys)

    def use(self, keys: MachineKeys) -> None:
        """Take up the keys of a file.

        Raises:
            ValueError: One of them is no key to sign with; those in use stay.
        """
        now = self._clock()
        others = [keys.standby_key_pem] if keys.standby_key_pem else []
        others += [key.public_pem for key in keys.retired_keys if key.until > now]
        self.signer.use(keys.signing_key_pem, others)
        self.trusted.replace(self.signer.public_keys)
