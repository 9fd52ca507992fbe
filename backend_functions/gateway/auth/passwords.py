"""Passwords: their rules, and bcrypt, which never runs on the event loop."""

import asyncio
import re

import bcrypt

from backend_functions.gateway.auth.failures import AuthRefused, invalid

MAX_BYTES = 72
"""More than this bcrypt does not read."""

_AT_ONCE = 4
_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")
"""Up to a cost that a request can wait for."""


def check_strength(password: str, *, min_characters: int) -> None:
    """Accept a new password.

    Raises:
        AuthRefused: It is too long to be hashed, or too weak.
    """
    if len(password.encode()) > MAX_BYTES:
        raise invalid(f"Password cannot be longer than {MAX_BYTES} characters")
    if len(password) < min_characters:
        raise AuthRefused(
            422,
            "weak_password",
            f"Password should be at least {min_characters} characters.",
            extra={"weak_password": {"reasons": ["length"]}},
        )


def check_hash(stored_hash: str) -> str:
    """Accept the hash of a password that was set elsewhere.

    Raises:
        AuthRefused: It is not a bcrypt hash.
    """
    if not _BCRYPT.fullmatch(stored_hash):
        raise invalid("Only bcrypt password hashes can be taken over")
    return stored_hash


class Passwords:
    """Makes and checks bcrypt hashes."""

    def __init__(self, *, cost: int = 10) -> None:
        self._cost = cost
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = bcrypt.hashpw(b"nobody's password", bcrypt.gensalt(cost)).decode()

    async def make_hash(self, password: str) -> str:
        """Return the hash of a password of at most 72 bytes."""
        async with self._slots:
            hashed = await asyncio.to_thread(
                bcrypt.hashpw, password.encode(), bcrypt.gensalt(self._cost)
            )
        return hashed.decode()

    async def is_right(self, password: str, stored_hash: str | None) -> bool:
        """Say whether a password fits, taking the same time when there is nothing it could fit.

        Args:
            stored_hash: None where there is no such user, or one without a password.
        """
        candidate = password.encode()
        async with self._slots:
            matches = await asyncio.to_thread(
                _matches, candidate[:MAX_BYTES], (stored_hash or self._nobodys).encode()
            )
        return matches and stored_hash is not None and len(candidate) <= MAX_BYTES


def _matches(candidate: bytes, stored_hash: bytes) -> bool:
    try:
        return bcrypt.checkpw(candidate, stored_hash)
    except ValueError:  # a hash of another kind, imported from elsewhere
        return False
