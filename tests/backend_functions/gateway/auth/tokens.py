"""Makes tokens for tests, right ones and wrong ones, down to each byte."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt import PyJWS

from backend_functions.gateway.auth.tokens import TokenSigner

ISSUER = "https://project.example/auth/v1"
LEGACY_SECRET = "a legacy secret that is long enough for HS256"


def new_pem() -> str:
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def new_signer(*others: str, pem: str | None = None) -> TokenSigner:
    return TokenSigner(pem or new_pem(), issuer=ISSUER, other_keys_pem=others)


NOW = int(time.time())
"""When the claims below are made: fixed, since a run may take longer than they allow."""


def good_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a signed-in user; a change to None takes a claim away."""
    now = NOW
    claims = {
        "iss": ISSUER,
        "sub": str(uuid4()),
        "aud": "authenticated",
        "exp": now + 3600,
        "iat": now,
        "role": "authenticated",
        "session_id": str(uuid4()),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def sign_raw(pem: str, header: bytes, payload: bytes) -> str:
    """Sign with ES256 exactly these bytes as header and payload."""
    signing_input = encode(header) + "." + encode(payload)
    algorithm = PyJWS().get_algorithm_by_name("ES256")
    signature = algorithm.sign(signing_input.encode(), algorithm.prepare_key(pem))
    return f"{signing_input}.{encode(signature)}"


def encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def hs256(claims: dict[str, Any], secret: str, **header: Any) -> str:
    payload = json.dumps(claims).encode()
    return PyJWS().encode(payload, secret, algorithm="HS256", headers=header)
