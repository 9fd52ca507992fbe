"""What buckets and objects may be called, and what a bucket may be told. Pure.

An object's name never becomes a file's: that is random. The rules here keep two readers of one
name from understanding two things.

Source: https://github.com/supabase/storage/blob/master/src/storage/limits.ts
"""

import re
from collections.abc import Sequence

from backend_functions.gateway.storage.errors import (
    StorageError,
    invalid_bucket_name,
    invalid_key,
    invalid_mime_type,
    invalid_request,
)

_KEY = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]{1,1024}")
_BUCKET = re.compile(r"[A-Za-z0-9_!.*'() &$=@;:+,?-]{1,100}")
_NO_NAME = re.compile(r"(^|/)\.{0,2}(/|$)")
"""A part that is empty, `.` or `..`: harmless to us, but not to whoever copies to a disk."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(gb|mb|kb|b)", re.IGNORECASE)
_UNITS = {"gb": 10**9, "mb": 10**6, "kb": 10**3, "b": 1}
_MIME = re.compile(r"[a-z0-9.+-]+/(?:\*|[a-z0-9.+*-]+)", re.IGNORECASE)


def check_key(name: str) -> str:
    """Return an object's name that may be used.

    Raises:
        StorageError: InvalidKey.
    """
    if not _KEY.fullmatch(name) or _NO_NAME.search(name):
        raise invalid_key(name)
    return name


def check_bucket_name(name: str) -> str:
    """Return a bucket's name that may be used.

    Raises:
        StorageError: InvalidBucketName.
    """
    if not _BUCKET.fullmatch(name) or name.strip() != name or name in {".", ".."}:
        raise invalid_bucket_name()
    return name


def parse_size(value: int | str) -> int:
    """Return the bytes of `1048576` or `1mb` (powers of ten, as the service counts).

    Raises:
        StorageError: InvalidRequest.
    """
    if isinstance(value, int) and value >= 0:
        return value
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) < 18:
        return int(text)
    match = _SIZE.fullmatch(text)
    if match is None or len(text) > 20:
        raise invalid_request("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B")
    return int(float(f"{float(match[1]):.3g}") * _UNITS[match[2].lower()])


def check_mime_patterns(patterns: Sequence[str]) -> None:
    """Refuse what is not `type/subtype` or `type/*`.

    Raises:
        StorageError: InvalidMimeType.
    """
    for pattern in patterns:
        if not _MIME.fullmatch(pattern):
            raise invalid_mime_type(pattern)


def check_mime_type(mime_type: str, allowed: Sequence[str] | None) -> None:
    """Refuse a content type that a bucket does not take; no list takes any.

    Raises:
        StorageError: InvalidMimeType.
    """
    if not allowed:
        return
    kind, slash, _ = mime_type.partition("/")
    if not slash or not any(pattern == mime_type or pattern == f"{kind}/*" for pattern in allowed):
        raise invalid_mime_type(mime_type)


def folder_bounds(prefix: str) -> tuple[str, str]:
    """Return the first name and the end of the names that begin with a prefix, in byte order."""
    return prefix, prefix + "\U0010ffff"


def require_text(value: object, field: str) -> str:
    """Return a text that PostgreSQL can hold.

    Raises:
        StorageError: InvalidRequest.
    """
    problem: StorageError | None = None
    if not isinstance(value, str):
        problem = invalid_request(f"body must have required property '{field}'")
    elif "\0" in value or (not value.isascii() and _has_surrogate(value)):
        problem = invalid_request(f"body/{field} holds a character that cannot be stored")
    if problem is not None:
        raise problem
    return str(value)


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)
