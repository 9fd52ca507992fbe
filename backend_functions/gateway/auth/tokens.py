"""Signs access tokens with this backend's own keys and publishes the public halves."""

import json
from collections.abc import Sequence
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm

from backend_functions.access import VerificationKey
from backend_functions.access.keys import thumbprint

TOKEN_SECONDS = 3600


class TokenSigner:
    """The current signing key, and the public keys of tokens that are still about."""

    def __init__(
        self,
        signing_key_pem: str,
        *,
        issuer: str,
        other_keys_pem: Sequence[str] = (),
        lifetime_seconds: int = TOKEN_SECONDS,
    ) -> None:
        """Take ES256 keys in PEM.

        Args:
            signing_key_pem: The private key that signs.
            other_keys_pem: Earlier or coming keys, private or public, that only verify.

        Raises:
            ValueError: A key is not an ES256 key.
        """
        self.issuer = issuer
        self.lifetime_seconds = lifetime_seconds
        self.use(signing_key_pem, other_keys_pem)

    def use(self, signing_key_pem: str, other_keys_pem: Sequence[str] = ()) -> None:
        """Sign with another key from now on, and publish it with these others.

        Args and Raises as at the beginning; when it raises, the keys stay as they were.
        """
        private = serialization.load_pem_private_key(signing_key_pem.encode(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("the signing key is not an ES256 key")
        public = [private.public_key(), *map(_read_public, other_keys_pem)]
        jwks = [_to_jwk(key) for key in public]
        self._private = private
        self._jwks = {jwk["kid"]: jwk for jwk in jwks}
        self.kid: str = jwks[0]["kid"]
        self.public_keys = tuple(
            VerificationKey(jwk["kid"], "ES256", key) for jwk, key in zip(jwks, public, strict=True)
        )

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a token that says these claims, in compact form."""
        return PyJWS().encode(
            orjson.dumps(claims), self._private, algorithm="ES256", headers={"kid": self.kid}
        )

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as they are published; the one that signs comes first."""
        return {"keys": list(self._jwks.values())}


def key_id(pem: str) -> str:
    """Return the id under which a key, private or public, is published.

    Raises:
        ValueError: It is not an ES256 key.
    """
    kid: str = _to_jwk(_read_public(pem))["kid"]
    return kid


def _read_public(pem: str) -> ec.EllipticCurvePublicKey:
    encoded = pem.encode()
    if "PRIVATE" in pem:
        key: object = serialization.load_pem_private_key(encoded, password=None).public_key()
    else:
        key = serialization.load_pem_public_key(encoded)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("a verification key is not an ES256 key")
    return key


def _to_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, Any]:
    if not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("a key is not on the curve P-256")
    jwk: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(key))
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
    use = {"alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": True}
    return {**public, **use, "kid": thumbprint(public)}
