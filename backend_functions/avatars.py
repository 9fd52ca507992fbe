"""`/functions/v1/avatar`: the one way to a picture that everybody may see.

What lies at `public/avatars/{user_id}.png` was written by us from its pixels: the square from the
middle of what came, at most 512 pixels a side. No policy lets a user write there.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from backend_functions.errors import TooManyRequests, Unsupported
from backend_functions.http import Json, read_whole
from backend_functions.object_store import ObjectStore
from backend_functions.picture_reencoding import MOST_BYTES, PictureReencoder
from backend_functions.types import Caller

SIDE: Final = 512
"""The most pixels a side; a smaller picture is not blown up."""
_AT_ONCE: Final = 4
"""Pictures that are in memory at a time, each of 32 MiB at most; who comes later waits."""


def avatar_path(user_id: UUID) -> str:
    """Return where a user's avatar lies in the users' bucket."""
    return f"public/avatars/{user_id}.png"


class _Places:
    """Where pictures are taken in: one of each user, and a few of all together."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._users: set[UUID] = set()

    @asynccontextmanager
    async def one_for(self, user_id: UUID) -> AsyncIterator[None]:
        """Wait for a place.

        Raises:
            TooManyRequests: The user has one already.
        """
        if user_id in self._users:
            raise TooManyRequests("Your last picture is still being taken in. Wait for it.")
        self._users.add(user_id)
        try:
            async with self._places:
                yield
        finally:
            self._users.discard(user_id)


def avatar_routes(
    objects: ObjectStore,
    secret_key: str,
    reencoder: PictureReencoder,
    identify: Callable[[Request], Awaitable[Caller]],
) -> APIRouter:
    """Return the route.

    Args:
        secret_key: The service's own, which may write where users may not.
        identify: Gives the signed-in user or raises NotAuthenticated.
    """
    router = APIRouter(prefix="/functions/v1/avatar", tags=["avatar"])
    places = _Places()

    @router.post("", openapi_extra=_BODY)
    async def put(request: Request, caller: Annotated[Caller, Depends(identify)]) -> Json:
        """Make a picture (PNG, JPEG, WebP; the request's body) the caller's avatar."""
        assert caller.user_id is not None, "a verified token names its user"
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Unsupported("Send the picture's bytes, not compressed.")
        async with places.one_for(caller.user_id):
            data = await read_whole(request, MOST_BYTES)
            made = await reencoder.reencode(data, square=SIDE)
        path = avatar_path(caller.user_id)
        await objects.put(path, made.data, secret_key, content_type="image/png", upsert=True)
        size = {"width": made.width, "height": made.height, "size": len(made.data)}
        return Json({"path": path, **size})

    return router


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/png", "image/jpeg", "image/webp")
        },
    }
}
