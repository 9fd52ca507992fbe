"""The keys that tokens are verified with. What kind a key is decides its algorithm."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import InvalidKeyError
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from backend_functions.access.remote_keys import RemoteDocument

_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
_MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One key and the only algorithm it may verify with."""

    kid: str
    algorithm: Literal["ES256", "RS256", "HS256"]
    material: EllipticCurvePublicKey | RSAPublicKey | bytes = field(repr=False)


class KeySource(Protocol):
    """Where a verifier finds its public keys."""

    async def find(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, or None when there is none."""

    def holds(self, key: VerificationKey) -> bool:
        """Say whether this very key is still trusted."""


class FixedKeys:
    """Keys that are given, for a server that signs its own tokens."""

    def __init__(self, keys: Iterable[VerificationKey]) -> None:
        self._keys = {key.kid: key for key in keys}

    async def find(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, or None when there is none."""
        return self._keys.get(kid)

    def holds(self, key: VerificationKey) -> bool:
        """Say whether this very key is still trusted."""
        return self._keys.get(key.kid) == key

    def replace(self, keys: Iterable[VerificationKey]) -> None:
        """Trust these keys and no others, from now on."""
        self._keys = {key.kid: key for key in keys}


class RemoteKeys:
    """Keys read from a JWKS address."""

    def __init__(self, document: RemoteDocument) -> None:
        self._document = document
        self._read_from: Any = None
        self._keys: dict[str, VerificationKey] = {}

    async def find(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, asking the address again when it is not known.

        Raises:
            Unavailable: The address has not answered, and there are no keys of before.
        """
        await self._document.refresh(is_urgent=kid not in self._current())
        self._document.require()
        return self._current().get(kid)

    def holds(self, key: VerificationKey) -> bool:
        """Say whether this very key is still trusted."""
        return self._current().get(key.kid) == key

    def _current(self) -> Mapping[str, VerificationKey]:
        content = self._document.content()
        if content is not self._read_from:
            self._read_from = content
            self._keys = {key.kid: key for key in read_jwks(content or {})}
        return self._keys


def read_jwks(document: Mapping[str, Any]) -> list[VerificationKey]:
    """Return the public ES256 and RS256 keys of a JWKS; anything else in it is passed over."""
    entries = document.get("keys")
    if not isinstance(entries, list):
        return []
    return [key for entry in entries if (key := _read_jwk(entry)) is not None]


def _read_jwk(jwk: Any) -> VerificationKey | None:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return None
    if jwk.get("use", "sig") != "sig":
        return None
    try:
        if jwk.get("kty") == "EC" and jwk.get("alg", "ES256") == "ES256":
            curve_key = ECAlgorithm.from_jwk(jwk)
            if isinstance(curve_key, EllipticCurvePublicKey) and isinstance(
                curve_key.curve, SECP256R1
            ):
                return VerificationKey(jwk["kid"], "ES256", curve_key)
        if jwk.get("kty") == "RSA" and jwk.get("alg", "RS256") == "RS256":
            rsa_key = RSAAlgorithm.from_jwk(jwk)
            if isinstance(rsa_key, RSAPublicKey) and rsa_key.key_size >= _MIN_RSA_BITS:
                return VerificationKey(jwk["kid"], "RS256", rsa_key)
    except (InvalidKeyError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return None


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the id of a public key that everybody computes alike.

    Source: https://www.rfc-editor.org/rfc/rfc7638#section-3
    """
    required = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
