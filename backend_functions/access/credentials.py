"""Reads the one credential of a request. Nothing but headers is ever looked at."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.datastructures import Headers

from backend_functions.access.legacy_keys import read_legacy_key
from backend_functions.access.tokens import TokenVerifier
from backend_functions.errors import InvalidRequest, NotAuthenticated
from backend_functions.types import ANONYMOUS, SERVICE, Caller

CHALLENGE = {"WWW-Authenticate": "Bearer"}
"""Headers that every answer 401 carries."""

_OPAQUE_KEY = "sb_"


class AmbiguousCredential(InvalidRequest):
    """Two credentials in one request: which one counts must not depend on who reads it."""

    status = 400
    code = "ambiguous_credential"
    default_message = "Send one Authorization header and one apikey header at most."


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The keys a client may name a project with; several of each may be good at once."""

    publishable: tuple[str, ...] = field(repr=False)
    secret: tuple[str, ...] = field(repr=False)
    legacy_secret: str | None = field(default=None, repr=False)
    """The HS256 secret that signs the older kind of keys; without it there are none."""


def read_bearer(headers: Headers) -> str | None:
    """Return what follows `Bearer` in the Authorization header, or None without the header.

    Raises:
        AmbiguousCredential: The header stands twice.
        NotAuthenticated: It is of another scheme, or empty.
    """
    value = _single(headers, "authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated(detail="the credential is not a bearer token")
    return token.strip()


def read_api_key(headers: Headers) -> str | None:
    """Return the apikey header, or None without it.

    Raises:
        AmbiguousCredential: The header stands twice.
    """
    return _single(headers, "apikey")


async def identify_user(headers: Headers, verifier: TokenVerifier) -> Caller:
    """Return the signed-in user who calls a function; API keys are nobody there.

    Raises:
        AmbiguousCredential: More than one credential.
        NotAuthenticated: None, or none that is a user's.
    """
    token = read_bearer(headers)
    if token is None:
        raise NotAuthenticated(detail="no credential")
    return await verifier.verify(token)


def identify_key(key: str | None, keys: ApiKeys) -> Caller:
    """Return who an API key stands for: the service, or anybody.

    Raises:
        NotAuthenticated: No key, or an unknown one.
    """
    if key is None:
        raise NotAuthenticated("No API key found in request", detail="no apikey header")
    if _is_one_of(key, keys.secret):
        return SERVICE
    if _is_one_of(key, keys.publishable):
        return ANONYMOUS
    if (by_legacy_key := _by_legacy_key(key, keys)) is not None:
        return by_legacy_key
    raise NotAuthenticated("Invalid API key", detail="unknown apikey")


async def identify_gateway_caller(
    headers: Headers, verifier: TokenVerifier, keys: ApiKeys
) -> Caller:
    """Return who calls a service of the gateway: a known key is needed, a user's token decides.

    A bearer that is an API key itself says nothing: clients send one before sign-in.

    Raises:
        AmbiguousCredential: A header stands twice.
        NotAuthenticated: No key, an unknown key, or a token that does not verify.
    """
    key = read_api_key(headers)
    by_key = identify_key(key, keys)
    token = read_bearer(headers)
    if token is None or token.startswith(_OPAQUE_KEY) or _is_one_of(token, (key or "",)):
        return by_key
    return _by_legacy_key(token, keys) or await verifier.verify(token)


def _by_legacy_key(key: str, keys: ApiKeys) -> Caller | None:
    return read_legacy_key(key, keys.legacy_secret) if keys.legacy_secret else None


def _single(headers: Headers, name: str) -> str | None:
    values = headers.getlist(name)
    if len(values) > 1:
        raise AmbiguousCredential
    return values[0] if values else None


def _is_one_of(given: str, accepted: Iterable[str]) -> bool:
    # Every key is compared, each in constant time.
    matches = [hmac.compare_digest(given.encode(), key.encode()) for key in accepted]
    return any(matches)
