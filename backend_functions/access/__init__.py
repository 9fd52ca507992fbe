"""Who is calling: reading the credential of a request and verifying a user's token."""

from backend_functions.access.credentials import (
    CHALLENGE,
    AmbiguousCredential,
    ApiKeys,
    identify_gateway_caller,
    identify_key,
    identify_user,
    read_api_key,
    read_bearer,
)
from backend_functions.access.keys import FixedKeys, KeySource, RemoteKeys, VerificationKey
from backend_functions.access.remote_keys import RemoteDocument
from backend_functions.access.tokens import TokenExpired, TokenVerifier, verifier_for

__all__ = [
    "CHALLENGE",
    "AmbiguousCredential",
    "ApiKeys",
    "FixedKeys",
    "KeySource",
    "RemoteDocument",
    "RemoteKeys",
    "TokenExpired",
    "TokenVerifier",
    "VerificationKey",
    "identify_gateway_caller",
    "identify_key",
    "identify_user",
    "read_api_key",
    "read_bearer",
    "verifier_for",
]
