"""A small JSON document at a fixed address, fetched seldom and kept when the address fails."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import orjson

from backend_functions.errors import Unavailable

REFETCH_SECONDS = 60.0
"""The shortest time between two fetches, whether they succeed or fail."""
STALE_SECONDS = 600.0
"""After this long the next use fetches again."""
KEEP_SECONDS = 6 * 3600.0
"""How long the last good document is used while the address fails."""

_MAX_BYTES = 64 * 1024
_TIMEOUT_SECONDS = 5.0


class RemoteDocument:
    """The last good answer of one address."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._url = url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._content: dict[str, Any] | None = None
        self._fetched_at = 0.0
        self._tried_at = float("-inf")

    def content(self) -> dict[str, Any] | None:
        """Return the last good document, or None when there is none or it is too old."""
        if self._content is not None and self._clock() - self._fetched_at > KEEP_SECONDS:
            self._content = None
        return self._content

    def require(self) -> None:
        """Make sure that there is a document.

        Raises:
            Unavailable: There is none.
        """
        if self.content() is None:
            raise Unavailable(detail="the public keys of the project could not be fetched")

    async def refresh(self, *, is_urgent: bool) -> None:
        """Fetch again when it is time; failing leaves the last good document in use.

        Args:
            is_urgent: The caller cannot go on with what there is. Others do not wait for a fetch
                that is under way.
        """
        is_stale = self._clock() - self._fetched_at > STALE_SECONDS
        if not is_urgent and (not is_stale or self._lock.locked()):
            return
        async with self._lock:
            if self._clock() - self._tried_at < REFETCH_SECONDS:
                return
            self._tried_at = self._clock()
            content = await self._fetch()
            if content is not None:
                self._content, self._fetched_at = content, self._clock()

    async def _fetch(self) -> dict[str, Any] | None:
        # Not compressed: the bound would otherwise be on what arrives, not on what it becomes.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(_TIMEOUT_SECONDS),
                self._http.stream(
                    "GET", self._url, headers=headers, follow_redirects=False
                ) as response,
            ):
                if response.status_code != 200 or "content-encoding" in response.headers:
                    return None
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        return None
            document = orjson.loads(bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return None
        is_key_set = isinstance(document, dict) and isinstance(document.get("keys"), list)
        return document if is_key_set else None
