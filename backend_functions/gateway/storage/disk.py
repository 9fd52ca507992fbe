"""Where the bytes of objects lie: files with random names that are only ever whole.

    {folder}/incoming/{version}     being written; nobody reads there
    {folder}/{ab}/{version}         whole, on disk, never written again

A file is named by its object's version, a random UUID, so no name that a user gives ever becomes a
path. Files are 0600, folders 0700, and no symbolic link is followed. All calls block.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import md5
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

_INCOMING = "incoming"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Draft:
    """A file that is being written: counted and hashed on the way."""

    def __init__(self, path: Path) -> None:
        self.version = path.name
        self._path = path
        self._file: BinaryIO = open(os.open(path, _CREATE, 0o600), "wb", buffering=0)  # noqa: SIM115
        # What S3 gives as an ETag, which clients compare with; it protects nothing.
        self._hash = md5(usedforsecurity=False)
        self.size = 0

    @property
    def etag(self) -> str:
        """The ETag of what was written, with its quotes."""
        return f'"{self._hash.hexdigest()}"'

    def write(self, data: bytes) -> None:
        """Add bytes."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Put everything on disk; nothing can be written afterwards."""
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Remove it, if it did not become an object's file."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class ObjectFolder:
    """The files of all objects."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folders, and remove what was being written when the last server ended."""
        for path in (self._folder, self._folder / _INCOMING):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
        for left in (self._folder / _INCOMING).iterdir():
            left.unlink()

    def new_draft(self, version: UUID) -> Draft:
        """Begin a file."""
        return Draft(self._folder / _INCOMING / str(version))

    def keep(self, draft: Draft) -> None:
        """Give a finished draft its place: from now on it can be opened, whole, after any crash."""
        with self._shard(draft.version, create=True) as (shard, name):
            os.rename(self._folder / _INCOMING / draft.version, name, dst_dir_fd=shard)
            os.fsync(shard)

    def open(self, version: str) -> BinaryIO:
        """Open an object's file for reading.

        Raises:
            FileNotFoundError: There is none, or the version is none of ours.
        """
        with self._shard(version) as (shard, name):
            return open(os.open(name, _READ, dir_fd=shard), "rb", buffering=0)

    def copy(self, version: str, new_version: UUID) -> None:
        """Give a file a second name; the two are removed one by one.

        Raises:
            FileNotFoundError: There is no such file.
        """
        with (
            self._shard(version) as (shard, name),
            self._shard(str(new_version), create=True) as (target, new_name),
        ):
            try:
                os.link(name, new_name, src_dir_fd=shard, dst_dir_fd=target, follow_symlinks=False)
            except PermissionError:  # a file system without links
                self._copy_bytes(version, new_version)
            os.fsync(target)

    def remove(self, version: str) -> None:
        """Remove an object's file; it need not be there."""
        with suppress(FileNotFoundError), self._shard(version) as (shard, name):
            os.unlink(name, dir_fd=shard)

    def versions(self) -> Iterator[str]:
        """Yield the version of every whole file."""
        yield from (path.name for path in self.paths())

    def paths(self) -> Iterator[Path]:
        """Yield where every whole file lies; one that goes meanwhile may be among them."""
        for shard in self._folder.iterdir():
            if len(shard.name) == 2 and shard.is_dir() and not shard.is_symlink():
                yield from shard.iterdir()

    def unfinished(self) -> Iterator[Path]:
        """Yield the files that are being written, or were when somebody's upload ended."""
        yield from (self._folder / _INCOMING).iterdir()

    def _copy_bytes(self, version: str, new_version: UUID) -> None:
        draft = self.new_draft(new_version)
        try:
            with self.open(version) as source:
                while piece := source.read(1 << 20):
                    draft.write(piece)
            draft.finish()
            self.keep(draft)
        finally:
            draft.discard()

    @contextmanager
    def _shard(self, version: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        name = _checked(version)
        path = self._folder / name[:2]
        if create and not path.exists():
            path.mkdir(mode=0o700, exist_ok=True)
            _sync(self._folder)
        descriptor = os.open(path, _FOLDER)
        try:
            yield descriptor, name
        finally:
            os.close(descriptor)


def _checked(version: str) -> str:
    try:
        checked = str(UUID(version))
    except ValueError:
        checked = ""
    if checked != version:
        raise FileNotFoundError(f"no file has the version {version!r}")
    return checked


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
