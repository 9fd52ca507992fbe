"""Verifies users' tokens. A token itself is never logged, kept or put into an error."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from jwt import PyJWS, PyJWTError

from backend_functions.access.claims import TokenExpired, read_caller, read_header, read_object
from backend_functions.access.keys import KeySource, RemoteKeys, VerificationKey
from backend_functions.access.remote_keys import RemoteDocument
from backend_functions.errors import NotAuthenticated
from backend_functions.settings import Settings
from backend_functions.types import Caller

__all__ = ["TokenExpired", "TokenVerifier", "verifier_for"]

REMEMBER_SECONDS = 60.0
"""How long a verified token is taken as verified; so long a signed-out session may go on."""

_LEGACY_KEY_ID = "legacy secret"


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    key: VerificationKey
    until: float


class TokenVerifier:
    """Turns a token into the user it belongs to."""

    def __init__(
        self,
        *,
        issuer: str,
        keys: KeySource,
        legacy_secret: str | None = None,
        is_session_live: Callable[[UUID], Awaitable[bool]] | None = None,
        clock: Callable[[], float] = time.time,
        max_remembered: int = 2048,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._legacy = (
            VerificationKey(_LEGACY_KEY_ID, "HS256", legacy_secret.encode())
            if legacy_secret
            else None
        )
        self._is_session_live = is_session_live
        self._clock = clock
        self._max_remembered = max_remembered
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """Return the signed-in user, whose session was live within the last minute.

        Raises:
            TokenExpired: The token was good once.
            NotAuthenticated: It is not a user's token of this project.
            Unavailable: The keys, or the session, cannot be looked up.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(digest)
        if known is not None and self._is_good(known):
            self._verified.move_to_end(digest)
            return known.caller
        self._verified.pop(digest, None)
        caller, key = await self._read(token)
        await self._require_session(caller)
        self._remember(digest, caller, key)
        return caller

    async def read(self, token: str) -> Caller:
        """Return the user a token speaks of, without asking whether the session still lives.

        Raises:
            As `verify`.
        """
        return (await self._read(token))[0]

    def forget(self) -> None:
        """Verify every token anew: a session or a user has just ended."""
        self._verified.clear()

    def _is_good(self, known: _Verified) -> bool:
        return self._clock() < known.until and (
            known.key is self._legacy or self._keys.holds(known.key)
        )

    async def _read(self, token: str) -> tuple[Caller, VerificationKey]:
        header = read_header(token)
        key = await self._choose_key(header)
        if header["alg"] != key.algorithm:
            raise NotAuthenticated(detail="the algorithm is not the key's")
        try:
            # What is signed is checked with the key's own algorithm, whatever the header says.
            signed = PyJWS().decode_complete(token, key.material, algorithms=[key.algorithm])
            claims = read_object(signed["payload"])
        except (PyJWTError, ValueError) as error:
            raise NotAuthenticated(detail=f"{type(error).__name__} in a token") from error
        return read_caller(claims, issuer=self._issuer, now=self._clock()), key

    async def _choose_key(self, header: dict[str, Any]) -> VerificationKey:
        if header["alg"] == "HS256":
            key = self._legacy
        elif header["alg"] in ("ES256", "RS256") and isinstance(header.get("kid"), str):
            key = await self._keys.find(header["kid"])
        else:
            key = None
        if key is None:
            raise NotAuthenticated(detail="signed with a key we do not know")
        return key

    async def _require_session(self, caller: Caller) -> None:
        if self._is_session_live is None:
            return
        if caller.session_id is None or not await self._is_session_live(caller.session_id):
            raise NotAuthenticated("The session has ended. Sign in again.", detail="no session")

    def _remember(self, digest: bytes, caller: Caller, key: VerificationKey) -> None:
        until = min(float(caller.claims["exp"]), self._clock() + REMEMBER_SECONDS)
        self._verified[digest] = _Verified(caller, key, until)
        while len(self._verified) > self._max_remembered:
            self._verified.popitem(last=False)


def verifier_for(settings: Settings, http: httpx.AsyncClient) -> TokenVerifier:
    """Make the verifier of a hosted project: its JWKS, and its legacy secret where it has one."""
    return TokenVerifier(
        issuer=settings.issuer,
        keys=RemoteKeys(RemoteDocument(http, settings.jwks_url)),
        legacy_secret=settings.jwt_secret,
    )
