"""An object as a response: whole or a part of it, or the word that the client has it already.

What a user stored must not act in a browser as a page of ours: types are never guessed, HTML is
shown as text, other documents that could run are saved, and everything is put into a sandbox.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backend_functions.gateway.storage.store import Row

_PIECE_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_ACTIVE = re.compile("svg|xml|script", re.IGNORECASE)
"""Types that a browser would run as a document of its own; within a page they only show."""
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes `start` to `end`, the latter not included, of a file of `size`."""

    start: int
    end: int
    size: int


class Unsatisfiable(Exception):
    """A range that begins after the file's end."""


def read_range(header: str | None, size: int) -> Span | None:
    """Return the one range that is asked for; None for the whole, as for what cannot be read.

    Raises:
        Unsatisfiable: Nothing of the file lies in it.

    Source: https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        last = min(int(match[2]), size)
        span = Span(size - last, size, size)
    else:
        end = min(int(match[2]) + 1, size) if match[2] else size
        span = Span(int(match[1]), end, size)
        if match[2] and int(match[2]) < int(match[1]):
            return None
    if span.start >= span.end:
        raise Unsatisfiable
    return span


def is_unchanged(headers: Headers, etag: str, changed_at: datetime) -> bool:
    """Say whether the client has this very content.

    Source: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
    """
    if (wanted := headers.get("if-none-match")) is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return "*" in tags or etag in tags
    if (since := headers.get("if-modified-since")) is None:
        return False
    try:
        return changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def content_headers(
    row: Row, *, download: str | None = None, expires: int | None = None
) -> dict[str, str]:
    """Return the headers of an object's content, without its length.

    Args:
        row: The object.
        download: The name to save it under, "" for its own; None to show it.
        expires: When the URL ends to be good, seconds since 1970.
    """
    metadata: dict[str, Any] = row["metadata"] or {}
    headers = {
        "accept-ranges": "bytes",
        "content-type": _shown_type(metadata.get("mimetype")),
        "etag": str(metadata.get("eTag", "")),
        "last-modified": format_datetime(row["updated_at"].astimezone(UTC), usegmt=True),
        "cache-control": str(metadata.get("cacheControl") or "no-cache"),
        "x-robots-tag": "none",
        "x-content-type-options": "nosniff",
    }
    if headers["content-type"] != "application/pdf":  # browsers show none in a sandbox
        headers["content-security-policy"] = _SANDBOX
    if expires is not None:
        headers["expires"] = format_datetime(datetime.fromtimestamp(expires, UTC), usegmt=True)
    if download is not None:
        headers["content-disposition"] = _attachment(download)
    elif _ACTIVE.search(headers["content-type"]):
        headers["content-disposition"] = _attachment("")
    return headers


def _shown_type(mime_type: object) -> str:
    text = str(mime_type or "application/octet-stream")
    return "text/plain" if "html" in text.lower() else text


def _attachment(name: str) -> str:
    if not name:
        return "attachment;"
    encoded = quote(name, safe="!'()*-._~")
    return f"attachment; filename={encoded}; filename*=UTF-8''{encoded}"


class FileContent(Response):
    """Sends a file that is open, piece by piece, and closes it in any case."""

    def __init__(self, file: BinaryIO, span: Span, headers: dict[str, str]) -> None:
        is_part = (span.start, span.end) != (0, span.size)
        self._file = file
        self._span = span
        headers = {**headers, "content-length": str(span.end - span.start)}
        if is_part:
            headers["content-range"] = f"bytes {span.start}-{span.end - 1}/{span.size}"
        super().__init__(status_code=206 if is_part else 200, headers=headers)

    def init_headers(self, headers: Any = None) -> None:
        """Take the headers as they are; the content has its own length."""
        self.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._file:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            await asyncio.to_thread(self._file.seek, self._span.start)
            left = self._span.end - self._span.start
            while left:
                piece = await asyncio.to_thread(self._file.read, min(left, _PIECE_BYTES))
                if not piece:
                    raise OSError("the file is shorter than it was")
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
            if self._span.start == self._span.end:
                await send({"type": "http.response.body", "body": b""})
