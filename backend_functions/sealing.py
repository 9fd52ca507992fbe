"""Provider keys at rest: AES-256-GCM, bound to whose they are and where they may be sent.

An envelope reads `v1:<master key id>:<nonce>:<ciphertext>`, the last two in URL-safe base64. User,
config, origin of the base URL and the master key's id are associated data: an envelope copied to
another row, or one whose config was pointed to another address, does not open.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend_functions.errors import NotConfigured, Unavailable
from backend_functions.settings import MasterKey

_VERSION = "v1"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """What a sealed key belongs to; all of it must match for the key to open."""

    user_id: UUID
    config_id: UUID
    origin: str

    def associated_data(self, master_key_id: str) -> bytes:
        """Return the bytes that are authenticated with the ciphertext."""
        parts = (_VERSION, master_key_id, str(self.user_id), str(self.config_id), self.origin)
        return "\n".join(parts).encode()


class KeySealer:
    """Seals with the first master key; opens with any of them."""

    def __init__(self, master_keys: tuple[MasterKey, ...]) -> None:
        self._keys = master_keys

    @property
    def sealing_key_id(self) -> str:
        """The id of the master key that seals."""
        return self._keys[0].id

    def use(self, master_keys: tuple[MasterKey, ...]) -> None:
        """Seal and open with these from now on; whoever is at it finishes with the old ones."""
        self._keys = master_keys

    def seal(self, api_key: str, binding: KeyBinding) -> str:
        """Return a new envelope; the same key never gives the same envelope twice."""
        sealing, nonce = self._keys[0], os.urandom(_NONCE_BYTES)
        data = binding.associated_data(sealing.id)
        ciphertext = AESGCM(sealing.secret).encrypt(nonce, api_key.encode(), data)
        return ":".join((_VERSION, sealing.id, _encode(nonce), _encode(ciphertext)))

    def open(self, envelope: str, binding: KeyBinding) -> str:
        """Return the key that was sealed for this binding.

        Raises:
            NotConfigured: The envelope is damaged, or was sealed for something else.
            Unavailable: It was sealed with a master key this server does not have.
        """
        try:
            version, key_id, nonce, ciphertext = envelope.split(":")
            if version != _VERSION:
                raise ValueError(version)
            raw_nonce, raw_text = urlsafe_b64decode(nonce), urlsafe_b64decode(ciphertext)
        except ValueError as error:
            raise _does_not_open("malformed envelope") from error
        master = next((key for key in self._keys if key.id == key_id), None)
        if master is None:
            raise Unavailable(
                "The stored key cannot be opened right now. Tell the operator of this backend.",
                detail=f"ALARM: master key {key_id!r} is not configured",
            )
        try:
            plain = AESGCM(master.secret).decrypt(
                raw_nonce, raw_text, binding.associated_data(key_id)
            )
        except (InvalidTag, ValueError) as error:
            raise _does_not_open("authentication failed") from error
        return plain.decode()


def _does_not_open(detail: str) -> NotConfigured:
    return NotConfigured(
        "The stored key does not belong to this address any more. Enter it again.", detail=detail
    )


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()
