"""Reads a stored file to its end, though the connection may break on the way.

What has come is not asked for again: the next connection asks for the rest, and goes on only if
that is of the very same content.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pocketllm_cli.api.patience import Patience
from pocketllm_cli.api.transport import ConnectionBroke
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import BackendProblem

if TYPE_CHECKING:
    import httpx

_PART: Final = 206
_MOST_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Content:
    """What the first answer said of a file."""

    content_type: str | None
    total: int
    """Its bytes; -1 where nobody knows."""
    tag: str | None
    """Names this very content; None where the backend names none."""


async def read_ranged(
    wire: Wire, call: Call, piece_bytes: int, opened: Callable[[Content], None]
) -> AsyncGenerator[bytes, None]:
    """Yield a file piece by piece, each byte once and in order.

    Args:
        opened: Is told what the file is, before the first piece.

    Raises:
        BackendUnreachable: For half a minute no more of it came.
        BackendProblem: It was replaced meanwhile.
    """
    content: Content | None = None
    taken, patience = 0, Patience(_MOST_SECONDS)
    while True:
        connected_at: float | None = None
        rest = {"Range": f"bytes={taken}-"} if taken else {}
        try:
            async with wire.stream(replace(call, headers={**call.headers, **rest})) as response:
                connected_at = time.monotonic()
                if content is None:
                    content = _content_of(response)
                    opened(content)
                elif taken:
                    _check_same(response, content)
                async for piece in response.aiter_raw(piece_bytes):
                    taken += len(piece)
                    patience.renew()
                    yield piece
            if taken >= content.total:
                return
            raise ConnectionBroke
        except ConnectionBroke:
            may_resume = content is not None and content.tag and content.total >= 0
            pause = patience.pause(time.monotonic(), connected_at=connected_at)
            if not may_resume or pause is None:
                raise
            await asyncio.sleep(pause)


def _content_of(response: "httpx.Response") -> Content:
    headers = response.headers
    total = int(headers.get("content-length", "-1"))
    return Content(headers.get("content-type"), total, headers.get("etag"))


def _check_same(response: "httpx.Response", content: Content) -> None:
    if response.status_code != _PART or response.headers.get("etag") != content.tag:
        raise BackendProblem("The file was replaced while it was read.", hint="Fetch it again.")
