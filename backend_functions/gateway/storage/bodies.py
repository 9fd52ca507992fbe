"""What an upload brings: what is said of the file, then its bytes as they arrive.

Either the body is the file, or it is a form with fields and one file. What is said before the
file's first byte is known before anything is written.
"""

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from backend_functions.gateway.storage.errors import (
    invalid_mime_type,
    invalid_request,
    too_large,
    too_slow,
)

_MAX_FIELDS = 10
_MAX_FIELD_BYTES = 1024 * 1024
_MAX_HEADER_BYTES = 16 * 1024
_WINDOW_BYTES = 256 * 1024
_DEFAULT_TYPE = "application/octet-stream"


@dataclass(slots=True)
class Upload:
    """A file on its way in."""

    mime_type: str
    cache_control: str
    user_metadata: dict[str, Any]
    pieces: AsyncIterator[bytes]
    declared_bytes: int | None = None
    """What the request says of its length, where that is the file's."""


async def read_upload(request: Request, window_seconds: float) -> Upload:
    """Read up to the file's first byte.

    Args:
        window_seconds: As for `keep_pace`, now and while the file's pieces are read.

    Raises:
        StorageError: There is no file, what is said of it cannot be read, or comes too slowly.
    """
    body = keep_pace(request.stream(), window_seconds)
    content_type = request.headers.get("content-type", "")
    kind, options = parse_options_header(content_type)
    if kind.strip().lower() == b"multipart/form-data":
        boundary = options.get(b"boundary")
        if not boundary or len(boundary) > 200:
            raise invalid_request("No content provided")
        return await _Form(body, boundary).upload()
    length = request.headers.get("content-length", "")
    return Upload(
        mime_type=_checked_type(content_type or _DEFAULT_TYPE),
        cache_control=request.headers.get("cache-control") or "no-cache",
        user_metadata=read_metadata_header(request.headers.get("x-metadata")),
        pieces=body,
        declared_bytes=int(length) if length.isascii() and length.isdigit() else None,
    )


async def keep_pace(pieces: AsyncIterator[bytes], window_seconds: float) -> AsyncIterator[bytes]:
    """Yield pieces as they come, for as long as they come at the pace of a modem.

    Args:
        window_seconds: For every 256 KiB, and for the end.

    Raises:
        StorageError: Aborted: a window ended with less.
    """
    loop = asyncio.get_running_loop()
    deadline, brought_bytes = loop.time() + window_seconds, 0
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await anext(pieces, None)
        except TimeoutError as error:
            raise too_slow() from error
        if piece is None:
            return
        brought_bytes += len(piece)
        if brought_bytes >= _WINDOW_BYTES:
            deadline, brought_bytes = loop.time() + window_seconds, 0
        yield piece


def read_metadata_header(encoded: str | None) -> dict[str, Any]:
    """Return what `x-metadata` says: base64 of a JSON object; what is none of it says nothing."""
    if not encoded:
        return {}
    try:
        return _metadata(base64.b64decode(encoded))
    except ValueError:
        return {}


def _metadata(text: bytes) -> dict[str, Any]:
    if len(text) > _MAX_FIELD_BYTES:
        raise too_large("user_metadata")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(slots=True)
class _Part:
    """One part of a form, as far as it was read."""

    headers: dict[str, str] = field(default_factory=dict)
    is_file: bool = False
    name: str = ""
    value: bytearray = field(default_factory=bytearray)


class _Form:
    """A form that is read as it arrives."""

    def __init__(self, body: AsyncIterator[bytes], boundary: bytes) -> None:
        self._body = body
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._part_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
            max_header_count=8,
            max_header_size=_MAX_HEADER_BYTES,
        )
        self._part = _Part()
        self._header = [bytearray(), bytearray()]
        self._fields: dict[str, bytes] = {}
        self._file: _Part | None = None
        self._arrived: deque[bytes] = deque()
        self._is_file_whole = False
        self._is_whole = False

    async def upload(self) -> Upload:
        while self._file is None:
            if not await self._read_on():
                raise invalid_request("No content provided")
        fields = self._fields
        seconds = fields.get("cacheControl", b"").decode(errors="replace")
        stated_type = fields.get("contentType", b"").decode(errors="replace")
        return Upload(
            mime_type=_checked_type(
                stated_type or self._file.headers.get("content-type") or _DEFAULT_TYPE
            ),
            cache_control=f"max-age={seconds}" if _is_header_text(seconds) else "no-cache",
            user_metadata=_metadata(fields.get("metadata") or fields.get("userMetadata") or b"{}"),
            pieces=self._pieces(),
        )

    async def _pieces(self) -> AsyncIterator[bytes]:
        while True:
            while self._arrived:
                yield self._arrived.popleft()
            if not await self._read_on():
                break
        if not (self._is_file_whole and self._is_whole):
            raise invalid_request("The form broke off before its end")

    async def _read_on(self) -> bool:
        piece = await anext(self._body, None)
        if piece is None:
            return False
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise invalid_request("No content provided") from error
        return True

    def _begin_part(self) -> None:
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _end_header(self) -> None:
        name, value = (bytes(text).decode("latin-1") for text in self._header)
        self._part.headers[name.strip().lower()] = value.strip()
        self._header = [bytearray(), bytearray()]

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._part.headers.get("content-disposition"))
        self._part.name = options.get(b"name", b"").decode(errors="replace")
        self._part.is_file = b"filename" in options
        if self._part.is_file and self._file is None:
            self._file = self._part

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part is self._file:
            self._arrived.append(data[start:end])
        elif not self._part.is_file:
            self._part.value += data[start:end]
            if len(self._part.value) > _MAX_FIELD_BYTES:
                raise too_large("user_metadata")

    def _end_part(self) -> None:
        if self._part is self._file:
            self._is_file_whole = True
        elif not self._part.is_file:
            if len(self._fields) >= _MAX_FIELDS:
                raise invalid_request("reach fields limit")
            self._fields[self._part.name] = bytes(self._part.value)

    def _end(self) -> None:
        self._is_whole = True


def _is_header_text(text: str) -> bool:
    return 0 < len(text) <= 200 and text.isascii() and text.isprintable()


def _checked_type(mime_type: str) -> str:
    # It goes out again as a header.
    if not _is_header_text(mime_type):
        raise invalid_mime_type(mime_type)
    return mime_type
