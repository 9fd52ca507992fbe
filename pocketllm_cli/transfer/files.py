"""Files, from one backend to another, compared byte by byte."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from pocketllm_cli.api import avatars
from pocketllm_cli.api.files import Files
from pocketllm_cli.errors import (
    Conflict,
    FileNotStored,
    InvalidRequest,
    NotAllowed,
    NotFound,
    TooLarge,
)
from pocketllm_cli.models import StoredFile
from pocketllm_cli.transfer.places import Places
from pocketllm_cli.transfer.report import Report

_READ_BYTES: Final = 1024 * 1024


class FileMover:
    """Brings files over by way of a folder on this machine.

    Args:
        scratch: A folder that nobody else reads; it is empty afterwards.
    """

    def __init__(
        self, source: Files, target: Files, places: Places, report: Report, scratch: Path
    ) -> None:
        self._source = source
        self._target = target
        self._places = places
        self._report = report
        self._scratch = scratch
        self._listed: dict[str, set[str]] = {}
        """The folder of the target that was looked into last."""

    async def move(self, file: StoredFile) -> None:
        """Bring a file over, unless there is one in its place, and compare what is stored."""
        here, there = self._scratch / "source", self._scratch / "target"
        path = self._places.path(file.path)
        try:
            found = await self._source.download(file.path, here)
            is_new = await self._put(here, path, found.content_type)
            await self._target.download(path, there)
            is_drawn_anew = is_new and path.startswith(avatars.FOLDER)
            if not is_drawn_anew and _checksum(here) != _checksum(there):
                self._report.leave("file", file.path, "there is another one in its place")
            elif is_new:
                self._report.files += 1
                self._report.bytes += found.size or 0
            else:
                self._report.already_there += 1
        except (FileNotStored, InvalidRequest, NotAllowed, NotFound, TooLarge) as error:
            self._report.leave("file", file.path, error.message)
        finally:
            here.unlink(missing_ok=True)
            there.unlink(missing_ok=True)

    async def count(self, file: StoredFile) -> None:
        """Count a file that `move` would bring over; nothing is changed."""
        path = self._places.path(file.path)
        folder = path.rpartition("/")[0]
        if folder not in self._listed:
            self._listed = {folder: {one.path for one in await self._target.all(folder)}}
        if path in self._listed[folder]:
            self._report.already_there += 1
        else:
            self._report.files += 1
            self._report.bytes += file.size or 0

    async def _put(self, here: Path, path: str, content_type: str | None) -> bool:
        if path.startswith(avatars.FOLDER):
            return await self._put_avatar(here, path)
        try:
            await self._target.upload(here, path, content_type=content_type)
        except Conflict:
            return False
        return True

    async def _put_avatar(self, here: Path, path: str) -> bool:
        """Give the person their picture, unless they have one there; the backend draws it anew."""
        if any(file.path == path for file in await self._target.all(avatars.FOLDER)):
            return False
        await self._target.upload_avatar(here)
        return True


async def files_below(files: Files, folder: str) -> AsyncIterator[StoredFile]:
    """Yield every file in a folder and the folders in it."""
    for entry in await files.all(folder):
        if entry.size is None:
            async for file in files_below(files, entry.path):
                yield file
        else:
            yield entry


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()
