"""Pictures as they are shown: fetched from where chats and jobs keep them, made small, kept.

A message names its files, and anybody who can write messages of the account can name anything: so
only a path in the folder of a chat (a fork names those of another) or that of a job's picture is
fetched, from the backend that is in use, and never an address. What is kept is a small PNG of
ours, 0600, by the path and the moment it was stored.
"""

import asyncio
import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pocketllm_cli.api.client import Api
from pocketllm_cli.errors import BackendUnreachable, LocalFileProblem, NotAllowed, NotFound
from pocketllm_cli.models import AttachedFile
from pocketllm_cli.private_files import make_private_folder, write_private_bytes

MOST_BYTES: Final = 20 * 1024 * 1024
"""What is fetched of a picture at most."""
LONGEST_SIDE: Final = 1024
"""Pixels of a picture that is kept; no terminal shows more in the rows there are for one."""
_MOST_KEPT_BYTES: Final = 64 * 1024 * 1024
_PATH: Final = re.compile(r"private/user_files/[0-9a-f-]{36}/[0-9a-f-]{36}/([^/\\\x00-\x1f]+)")
_MADE: Final = re.compile(r"private/generated_images/[0-9a-f-]{36}/[0-9a-f-]{36}\.png")
"""A picture that a job made: there is one, and it never changes."""


@dataclass
class PictureCache:
    """The pictures of one account.

    Args:
        folder: Where they are kept.
    """

    api: Api
    folder: Path
    _moments: dict[str, dict[str, str]] = field(default_factory=dict)
    """When each file of a folder was stored, by the folder."""

    async def load(self, file: AttachedFile) -> bytes:
        """Return a picture as a PNG of at most `LONGEST_SIDE`.

        Raises:
            NotAllowed: It is no file of a chat, and no picture of a job.
            NotFound: It is not there any more.
            TooLarge: It has too many bytes.
            UnreadablePicture: It is none, or has too many pixels.
            BackendUnreachable: It is not kept, and cannot be fetched now.
        """
        check_path(file.path)
        try:
            moment = await self._moment(file.path)
        except BackendUnreachable:
            kept = await asyncio.to_thread(self._any_kept, file.path)
            if kept is None:
                raise
            return kept
        place = self.folder / f"{_mark(self.api, file.path)}-{_hash(moment)[:12]}.png"
        kept = await asyncio.to_thread(_read, place)
        return kept if kept is not None else await self._fetch(file.path, place)

    async def _moment(self, path: str) -> str:
        """Return when a file was stored; a folder is read once, and for new files."""
        if _MADE.fullmatch(path):
            return ""
        folder = path.rpartition("/")[0]
        if path not in self._moments.get(folder, ()):
            files = await self.api.files.below(f"{folder}/")
            self._moments[folder] = {each.path: each.updated_at or "" for each in files}
        if path not in self._moments[folder]:
            raise NotFound("The file is not there any more.")
        return self._moments[folder][path]

    async def _fetch(self, path: str, place: Path) -> bytes:
        make_private_folder(self.folder)
        original = self.folder / f".{secrets.token_hex(8)}"
        try:
            await self.api.files.download(path, original, most_bytes=MOST_BYTES)
            return await asyncio.to_thread(self._make_small, original, place)
        except OSError as error:
            raise LocalFileProblem(f"It could not be kept: {error.strerror}.") from error
        finally:
            original.unlink(missing_ok=True)

    def _make_small(self, original: Path, place: Path) -> bytes:
        from pocketllm_cli.pictures import thumbnail  # not before there is a picture

        data = thumbnail(original.read_bytes(), LONGEST_SIDE)
        write_private_bytes(place, data, is_lasting=False)
        self._make_room(place)
        return data

    def _make_room(self, newest: Path) -> None:
        """Remove what was used longest ago where more is kept than there is room for."""
        found = []
        for path in self.folder.glob("*.png"):
            with suppress(FileNotFoundError):  # another run makes room too
                found.append((path, path.stat()))
        found.sort(key=lambda each: each[1].st_mtime)
        too_many = sum(status.st_size for _, status in found) - _MOST_KEPT_BYTES
        for path, status in found:
            if too_many <= 0 or path == newest:
                return
            path.unlink(missing_ok=True)
            too_many -= status.st_size

    def _any_kept(self, path: str) -> bytes | None:
        for place in self.folder.glob(f"{_mark(self.api, path)}-*.png"):
            return _read(place)
        return None


def check_path(path: str) -> None:
    """Refuse to fetch what is neither a file of a chat nor a picture of a job.

    Raises:
        NotAllowed: It is neither.
    """
    if _MADE.fullmatch(path):
        return
    match = _PATH.fullmatch(path)
    if match is None or match[1] in {".", ".."}:
        raise NotAllowed("It does not lie in the folder of a chat.")


def _mark(api: Api, path: str) -> str:
    return _hash(f"{api.context.url}\n{path}")[:40]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None
