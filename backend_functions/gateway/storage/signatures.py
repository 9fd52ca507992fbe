"""Signed URLs: who has one may do one thing with one object until a moment, and nothing else.

Source: https://github.com/supabase/storage/blob/master/src/storage/object.ts,
verifyObjectSignature
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from backend_functions.gateway.storage.errors import StorageError, invalid_signature

Scope = Literal["download", "upload"]

UPLOAD_SECONDS = 2 * 3600
MAX_SECONDS = 10 * 365 * 24 * 3600
_MAX_TOKEN = 8192


@dataclass(frozen=True, slots=True)
class Grant:
    """What a verified token allows."""

    expires: int
    """Seconds since 1970."""
    owner: str | None = None
    """Who made an upload token: the owner of what is uploaded with it."""
    upsert: bool = False


class UrlSigner:
    """Makes and reads tokens with one secret that nothing else is signed with."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        if len(secret) < 32:
            raise ValueError("the secret must have at least 32 characters")
        self._secret = secret
        self._clock = clock

    def sign(self, scope: Scope, path: str, seconds: int, **more: Any) -> str:
        """Return a token for `bucket/name`, good for some seconds."""
        now = int(self._clock())
        claims = {**more, "url": path, "scope": scope, "iat": now, "exp": now + seconds}
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def verify(self, token: str, scope: Scope, path: str) -> Grant:
        """Return what a token allows with `bucket/name`.

        Raises:
            StorageError: InvalidJWT, InvalidSignature.
        """
        if len(token) > _MAX_TOKEN:
            raise _invalid("Invalid Compact JWS")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                options={
                    "require": ["exp", "url", "scope"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.DecodeError as error:
            is_forged = isinstance(error, jwt.InvalidSignatureError)
            message = "signature verification failed" if is_forged else "Invalid Compact JWS"
            raise _invalid(message) from error
        except jwt.InvalidTokenError as error:
            raise _invalid("Invalid Compact JWS") from error
        if claims["scope"] != scope:
            raise invalid_signature(f"Token is not scoped for {scope}")
        if claims["url"] != path:
            raise invalid_signature()
        if not isinstance(claims["exp"], int) or claims["exp"] <= self._clock():
            raise _invalid('"exp" claim timestamp check failed')
        return Grant(claims["exp"], claims.get("owner"), claims.get("upsert") is True)


def _invalid(message: str) -> StorageError:
    return StorageError(400, "InvalidJWT", message)
