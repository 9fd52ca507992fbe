"""Passwords: their rules, and their hashes, which are never made on the event loop.

We make bcrypt hashes. Those of users who come from elsewhere may be Argon2 hashes as well, which
hosted projects take over too.
"""

import asyncio
import re

import bcrypt

from backend_functions.gateway.auth.failures import AuthRefused, invalid

MAX_BYTES = 72
"""More than this bcrypt does not read."""

_AT_ONCE = 4
_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")
"""Up to a cost that a request can wait for."""
_ARGON2 = re.compile(
    r"\$argon2id?\$v=19\$m=(?P<kibibytes>\d{1,6}),t=(?P<rounds>\d{1,2}),p=(?P<lanes>\d{1,2})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)
_MAX_KIBIBYTES, _MAX_ROUNDS, _MAX_LANES = 128 * 1024, 10, 16


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
        AuthRefused: It is neither a bcrypt nor an Argon2 hash, or one that takes too much to check.
    """
    if not (_BCRYPT.fullmatch(stored_hash) or _is_bearable_argon2(stored_hash)):
        raise invalid("Only bcrypt and Argon2 password hashes can be taken over")
    return stored_hash


def _is_bearable_argon2(stored_hash: str) -> bool:
    found = _ARGON2.fullmatch(stored_hash)
    if found is None:
        return False
    kibibytes, rounds, lanes = (int(found[name]) for name in ("kibibytes", "rounds", "lanes"))
    return (
        1 <= lanes <= _MAX_LANES
        and 8 * lanes <= kibibytes <= _MAX_KIBIBYTES
        and 1 <= rounds <= _MAX_ROUNDS
    )


class Passwords:
    """Makes bcrypt hashes, and checks those and Argon2 hashes."""

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
        async with self._slots:
            matches = await asyncio.to_thread(
                _matches, password.encode(), stored_hash or self._nobodys
            )
        return matches and stored_hash is not None


def _matches(candidate: bytes, stored_hash: str) -> bool:
    if stored_hash.startswith("$argon2"):
        return _matches_argon2(candidate, stored_hash)
    try:
        matches = bcrypt.checkpw(candidate[:MAX_BYTES], stored_hash.encode())
    except ValueError:  # a hash of another kind, put there past this service
        return False
    return matches and len(candidate) <= MAX_BYTES


def _matches_argon2(candidate: bytes, stored_hash: str) -> bool:
    from argon2 import PasswordHasher  # only where somebody came from elsewhere
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(stored_hash, candidate)
    except (VerificationError, InvalidHashError):
        return False
