"""Pictures from outside, decoded and written anew as PNGs before anything keeps them.

What is kept is made by us from the pixels: no metadata, no second file behind the picture, nothing
that only calls itself one. The work is done one picture at a time by a process of its own
(`picture_child`), which is started when it is first needed and again after it had to be ended.
"""

import asyncio
import os
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson

from backend_functions.errors import InvalidRequest, TooLarge

MOST_BYTES: Final = 32 * 1024 * 1024
"""Of a picture as it comes."""
_MOST_PNG_BYTES: Final = 50 * 1000 * 1000
"""Of one that we wrote: what Storage takes."""
_MOST_HEAD_BYTES: Final = 64 * 1024
_SECONDS: Final = 30.0
_LENGTHS: Final = struct.Struct(">II")
_CHILD: Final = (sys.executable, "-I", "-m", "backend_functions.picture_child")
_TOO_LARGE: Final = "The picture is too large: at most 32 MiB and 32 megapixels are taken."
_TOO_LARGE_AS_PNG: Final = "The picture is too large: as a PNG it has more than 50 MB."
_NO_PICTURE: Final = "That is no picture: PNG, JPEG and WebP are taken."
_BROKEN: Final = "The picture is broken, or only the beginning of one."
_MOVES: Final = "The picture moves; still ones are taken."


@dataclass(frozen=True, slots=True)
class Png:
    """A picture that we wrote ourselves; its sides are in pixels."""

    data: bytes
    width: int
    height: int


class PictureReencoder:
    """Writes pictures anew, one after the other; `aclose` ends its process."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def reencode(self, data: bytes, *, square: int = 0) -> Png:
        """Return a picture as a PNG that holds its pixels and nothing else.

        Args:
            data: A still PNG, JPEG or WebP of at most 32 MiB and 32 megapixels.
            square: Take the largest square from its middle, at most so many pixels a side; 0
                takes all of it.

        Raises:
            InvalidRequest: It is something else, moves, or is broken.
            TooLarge: It has more bytes or more pixels.
        """
        if len(data) > MOST_BYTES:
            raise TooLarge(_TOO_LARGE)
        async with self._turn:
            head, png = await self._ask(data, square)
        if "problem" in head:
            raise _refusal(head["problem"], head["about"])
        return Png(png, head["width"], head["height"])

    async def _ask(self, data: bytes, square: int) -> tuple[dict[str, Any], bytes]:
        is_done = False
        try:
            async with asyncio.timeout(_SECONDS):
                child = await self._running()
                answer = await _exchange(child, data, square)
            is_done = True
        except TimeoutError:
            raise InvalidRequest("The picture takes too long to read.") from None
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise InvalidRequest(_BROKEN, detail="the child ended") from error
        finally:
            if not is_done:  # whatever it would still say is the answer to nobody
                await self._end()
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            await self._end()
            self._child = await asyncio.create_subprocess_exec(
                *_CHILD,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=None if os.name == "nt" else {},  # keys are none of its business
            )
        return self._child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(ProcessLookupError):
            child.kill()
        await child.communicate()

    async def aclose(self) -> None:
        """End the process, after the picture it is at."""
        async with self._turn:
            await self._end()


@asynccontextmanager
async def open_reencoder() -> AsyncIterator[PictureReencoder]:
    """Give a reencoder, and end its process afterwards."""
    reencoder = PictureReencoder()
    try:
        yield reencoder
    finally:
        await reencoder.aclose()


async def _exchange(
    child: asyncio.subprocess.Process, data: bytes, square: int
) -> tuple[dict[str, Any], bytes]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(_LENGTHS.pack(len(data), square))
    child.stdin.write(data)
    await child.stdin.drain()
    lengths = _LENGTHS.unpack(await child.stdout.readexactly(_LENGTHS.size))
    if lengths[0] > _MOST_HEAD_BYTES or lengths[1] > _MOST_PNG_BYTES:
        raise TooLarge(_TOO_LARGE_AS_PNG)  # and its process is ended with the rest of it
    head = orjson.loads(await child.stdout.readexactly(lengths[0]))
    return head, await child.stdout.readexactly(lengths[1])


def _refusal(problem: str, about: str) -> InvalidRequest | TooLarge:
    match problem:
        case "too large":
            return TooLarge(_TOO_LARGE, detail=about)
        case "moves":
            return InvalidRequest(_MOVES)
        case "no picture":
            return InvalidRequest(_NO_PICTURE)
        case _:
            return InvalidRequest(_BROKEN, detail=about)
