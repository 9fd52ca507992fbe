"""Objects read and written in somebody's name, over Storage's HTTP surface.

The same for a hosted project and for the gateway: the token decides what there is, by row level
security, so code that is given a path by a user cannot be led to somebody else's object.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

import httpx
import orjson

from backend_functions.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    NotPermitted,
    ServiceError,
    TooLarge,
    Unavailable,
    Unsupported,
)

USER_ASSETS = "user_assets"
_OPAQUE_KEY = "sb_"
_PIECE_BYTES = 64 * 1024
_MAX_ERROR_BYTES = 16 * 1024
_BY_STATUS: dict[str, type[ServiceError]] = {
    "400": InvalidRequest,
    "401": NotPermitted,
    "403": NotPermitted,
    "404": NotFound,
    "409": Conflict,
    "413": TooLarge,
    "415": Unsupported,
}


@dataclass(frozen=True, slots=True)
class OpenObject:
    """An object that is being read."""

    content_type: str
    size: int
    pieces: AsyncIterator[bytes]
    """Its bytes in order; ends early only by raising."""

    async def read(self) -> bytes:
        """Return all of it."""
        return b"".join([piece async for piece in self.pieces])


class ObjectStore(Protocol):
    """Where objects of the users' bucket are, for whoever has a token."""

    def open(
        self, path: str, token: str, *, max_bytes: int
    ) -> AbstractAsyncContextManager[OpenObject]:
        """Read an object as the token's owner.

        Raises:
            NotFound: There is none, or it is somebody else's.
            TooLarge: It has more than `max_bytes`.
            Unavailable: Storage does not answer, or broke off.
        """

    async def put(
        self, path: str, content: bytes, token: str, *, content_type: str, upsert: bool = False
    ) -> None:
        """Write an object as the token's owner; it is there wholly, or not at all.

        Raises:
            NotPermitted: The owner may not write there.
            Conflict: It is there already, and `upsert` is not set.
            TooLarge, Unsupported: The bucket does not take that much, or that type.
            Unavailable: Storage does not answer.
        """


class HttpObjectStore:
    """The store behind a project's address.

    Args:
        http: Follows no redirect, since a token stays where it was sent; its owner closes it.
        supabase_url: The project, without a path.
        api_key: The publishable key, which goes with users' tokens.
    """

    def __init__(self, http: httpx.AsyncClient, *, supabase_url: str, api_key: str) -> None:
        self._http = http
        self._root = f"{supabase_url}/storage/v1/object"
        self._api_key = api_key

    @asynccontextmanager
    async def open(self, path: str, token: str, *, max_bytes: int) -> AsyncIterator[OpenObject]:
        """Read an object as the token's owner; see `ObjectStore`."""
        url = f"{self._root}/authenticated/{USER_ASSETS}/{_quoted(path)}"
        try:
            async with self._http.stream("GET", url, headers=self._headers(token)) as response:
                if response.status_code != 200:
                    raise await _failure(response)
                size = _length(response)
                if size > max_bytes:
                    raise TooLarge("The file is too large.")
                yield OpenObject(
                    content_type=response.headers.get("content-type", "application/octet-stream"),
                    size=size,
                    pieces=_whole(response, size),
                )
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise Unavailable(detail=f"storage: {error!r}") from error

    async def put(
        self, path: str, content: bytes, token: str, *, content_type: str, upsert: bool = False
    ) -> None:
        """Write an object as the token's owner; see `ObjectStore`."""
        headers = {
            **self._headers(token),
            "content-type": content_type,
            "cache-control": "max-age=3600",
            "x-upsert": "true" if upsert else "false",
        }
        await self._send("POST", path, headers, content)

    async def remove(self, path: str, token: str) -> None:
        """Remove an object as the token's owner; it need not be there.

        Raises:
            NotPermitted: The owner may not remove it.
            Unavailable: Storage does not answer.
        """
        with suppress(NotFound):
            await self._send("DELETE", path, self._headers(token))

    async def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None = None
    ) -> None:
        url = f"{self._root}/{USER_ASSETS}/{_quoted(path)}"
        request = self._http.build_request(method, url, content=content, headers=headers)
        try:
            response = await self._http.send(request, stream=True)
            try:
                if response.status_code != 200:
                    raise await _failure(response)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise Unavailable(detail=f"storage: {error!r}") from error

    def _headers(self, token: str) -> dict[str, str]:
        # A secret key counts as one only in the apikey header.
        key = token if token.startswith(_OPAQUE_KEY) else self._api_key
        return {"apikey": key, "authorization": f"Bearer {token}", "accept-encoding": "identity"}


def _quoted(path: str) -> str:
    # An HTTP client takes the step up that `..` means, out of the bucket and out of Storage.
    if not path or any(part in {"", ".", ".."} for part in path.split("/")):
        raise NotFound(detail="a path that no object has")
    return quote(path)


def _length(response: httpx.Response) -> int:
    text = response.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit()):
        raise Unavailable(detail="storage: no length")
    return int(text)


async def _whole(response: httpx.Response, size: int) -> AsyncIterator[bytes]:
    """Yield exactly `size` bytes; a connection that ends before is a failure, not an end."""
    left = size
    async for piece in response.aiter_raw(_PIECE_BYTES):
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left != 0:
        raise Unavailable(detail="storage: the object is not as long as was said")


async def _failure(response: httpx.Response) -> ServiceError:
    """Read what Storage refused: the real status stands in the body.

    Source: https://github.com/supabase/storage/blob/master/src/http/error-handler.ts
    """
    raw = bytearray()
    async for piece in response.aiter_raw(_PIECE_BYTES):
        raw += piece
        if len(raw) > _MAX_ERROR_BYTES:
            break
    try:
        body = orjson.loads(bytes(raw))
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return Unavailable(detail=f"storage answered {response.status_code}")
    status = str(body.get("statusCode") or response.status_code)
    kind = _BY_STATUS.get(status, Unavailable)
    return kind(detail=f"storage: {status} {body.get('code') or body.get('error')}")
