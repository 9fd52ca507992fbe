"""The text of PDFs, for models that take no documents; each is read in a process of its own."""

import asyncio
import hashlib
import os
import sys
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from backend_functions.errors import InvalidRequest

_SECONDS: Final = 30.0
_AT_ONCE: Final = 2
"""PDFs that are read at a time; the others wait."""
_MOST_KEPT: Final = 32
"""Texts that are kept for the next question of their chat, at most 400,000 characters each."""
_CHILD: Final = (sys.executable, "-I", "-m", "backend_functions.pdf_child")


@dataclass(frozen=True, slots=True)
class PdfText:
    """What could be read of a PDF."""

    text: str
    pages: int
    """The pages the text is of, from the first one."""
    total_pages: int


@dataclass(frozen=True, slots=True)
class PdfReader:
    """Reads PDFs, a few at a time, and remembers the last ones."""

    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _kept: OrderedDict[bytes, PdfText] = field(default_factory=OrderedDict)

    async def read(self, name: str, data: bytes) -> PdfText:
        """Return the text of a PDF.

        Raises:
            InvalidRequest: It holds no text, is locked or broken, or takes too long to read.
        """
        key = hashlib.sha256(data).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        async with self._places:
            found = await _read(name, data)
        self._kept[key] = found
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found


async def _read(name: str, data: bytes) -> PdfText:
    process = await asyncio.create_subprocess_exec(
        *_CHILD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=None if os.name == "nt" else {},  # keys are none of its business; Windows needs some
    )
    try:
        async with asyncio.timeout(_SECONDS):
            answer, _ = await process.communicate(data)
    except TimeoutError:
        raise InvalidRequest(f"{name} takes too long to read.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _parse(name, answer, process.returncode)


def _parse(name: str, answer: bytes, returncode: int | None) -> PdfText:
    told: dict[str, Any] = {"problem": "broken"}
    with suppress(orjson.JSONDecodeError):  # it was ended while it wrote
        told = orjson.loads(answer) if returncode == 0 else told
    if told.get("problem") == "locked":
        raise InvalidRequest(f"{name} is locked by a password.")
    if "problem" in told:
        raise InvalidRequest(f"The text of {name} cannot be read.")
    if not told["text"].strip():
        raise InvalidRequest(
            f"{name} holds no text; it may be a scan. Attach its pages as pictures."
        )
    return PdfText(told["text"], told["pages"], told["total_pages"])
