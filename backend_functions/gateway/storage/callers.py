"""Who calls Storage: unlike at the other services, one credential alone is enough.

Source: the rules of the gateway of self-hosted Supabase (kong.yml), which asks for no apikey here.
"""

from starlette.datastructures import Headers

from backend_functions.access import (
    ApiKeys,
    TokenExpired,
    TokenVerifier,
    identify_key,
    read_api_key,
    read_bearer,
)
from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.storage.errors import access_denied
from backend_functions.types import Caller

_OPAQUE_KEY = "sb_"


async def identify_storage_caller(
    headers: Headers, verifier: TokenVerifier, keys: ApiKeys
) -> Caller | None:
    """Return who calls, or None where the request says nothing about it.

    Raises:
        AmbiguousCredential: A header stands twice.
        NotAuthenticated: It is no bearer token, or an unknown key alone.
        StorageError: AccessDenied: what it says is not true, or not any more.
    """
    token, key = read_bearer(headers), read_api_key(headers)
    if token is None:
        return None if key is None else identify_key(key, keys)
    if token.startswith(_OPAQUE_KEY):
        return _identify_opaque(key or token, keys)
    try:
        return identify_key(token, keys)  # a legacy key is a token by its looks
    except NotAuthenticated:
        return await _verify(token, verifier)


def _identify_opaque(key: str, keys: ApiKeys) -> Caller:
    try:
        return identify_key(key, keys)
    except NotAuthenticated as error:
        raise access_denied("Invalid Compact JWS") from error


async def _verify(token: str, verifier: TokenVerifier) -> Caller:
    try:
        return await verifier.verify(token)
    except TokenExpired as error:
        raise access_denied('"exp" claim timestamp check failed') from error
    except NotAuthenticated as error:
        is_compact = token.count(".") == 2
        message = "signature verification failed" if is_compact else "Invalid Compact JWS"
        raise access_denied(message) from error
