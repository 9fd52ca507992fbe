"""The file of a backup: a tar, gzipped, 0600, whose last member says what all the others are.

    database.dump            pg_dump, custom format
    roles.sql                the database's roles, without passwords
    keys.json | keys.sealed  the machine's keys, open or sealed with a passphrase
    objects/<version>        the bytes of stored objects
    mail/<name>.json         mails that were kept instead of sent
    manifest.json            versions, counts, and the size and SHA-256 of each member above

A file that was cut off has no manifest; one that was changed has another checksum. Where the keys
are sealed, the manifest is signed with the same passphrase.
"""

import gzip
import hashlib
import hmac
import io
import json
import os
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter
from pydantic_core import from_json

from backend_functions.admin.problem import AdminProblem
from backend_functions.embedded.swapping import sync_folder

FORMAT = 1
MANIFEST = "manifest.json"
_PIECE = 1 << 20
_LIMIT_MANIFEST = 256 << 20
DAMAGED = "The backup is damaged or was cut off: {}. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    made_at: str
    """UTC, ISO 8601."""
    pocketllm: str
    postgres: str
    migrations: list[str]
    """Versions in the ledgers of the platform and of ours, oldest first."""
    rows: dict[str, int]
    """By table, as `schema.name`."""
    are_keys_sealed: bool
    missing: list[str] = field(default_factory=list)
    """Versions of objects whose files were not on the disk."""
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Size in bytes and SHA-256 in hex, by name."""
    format: int = FORMAT
    signature: str | None = None
    """HMAC-SHA-256 in hex of all the rest, where the keys are sealed."""

    def signed(self, key: bytes) -> str:
        """Return what its signature is to be."""
        rest = {name: value for name, value in asdict(self).items() if name != "signature"}
        return hmac.new(key, json.dumps(rest, sort_keys=True).encode(), hashlib.sha256).hexdigest()

    def summary(self) -> dict[str, Any]:
        """Return what people want to know of it."""
        return {
            "made_at": self.made_at,
            "pocketllm": self.pocketllm,
            "postgres": self.postgres,
            "rows": sum(self.rows.values()),
            "objects": sum(name.startswith("objects/") for name in self.members),
            "bytes": sum(member["size"] for member in self.members.values()),
            "are_keys_sealed": self.are_keys_sealed,
            "missing": len(self.missing),
        }


class Writer:
    """Adds members, and counts and hashes them on the way."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members: dict[str, dict[str, Any]] = {}

    def add_file(self, name: str, path: Path) -> None:
        """Add a file that does not change meanwhile."""
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def add_text(self, name: str, text: str) -> None:
        """Add a text."""
        data = text.encode()
        self._add(name, io.BytesIO(data), len(data))

    def finish(self, manifest: Manifest, signing_key: bytes | None = None) -> Manifest:
        """Add what is known of all members; nothing follows it."""
        manifest = replace(manifest, members={**manifest.members, **self._members})
        if signing_key is not None:
            manifest = replace(manifest, signature=manifest.signed(signing_key))
        self.add_text(MANIFEST, json.dumps(asdict(manifest), indent=1))
        return manifest

    def _add(self, name: str, source: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
        hashed = _Hashed(source)
        self._archive.addfile(entry, hashed)
        self._members[name] = {"size": size, "sha256": hashed.digest.hexdigest()}


class _Bounded:
    """Hands out no piece that memory could not hold: a header says itself how long it is."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LIMIT_MANIFEST:
            raise ValueError("too long")
        return self._file.read(size)


class _Hashed:
    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.digest.update(data)
        return data


@contextmanager
def new_archive(path: Path) -> Iterator[Writer]:
    """Write an archive that is at `path` wholly, and on disk, or not at all.

    Raises:
        AdminProblem: There is a file already, or no folder for it.
        OSError: It cannot be written.
    """
    if path.exists():
        raise AdminProblem(f"{path} is there already. Name another file.")
    if not path.parent.is_dir():
        raise AdminProblem(f"There is no folder {path.parent}.")
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def read_archive(path: Path, into: Path | None = None) -> Manifest:
    """Read a backup to its end and compare every member with the manifest.

    Args:
        into: A new folder to which the members are unpacked, 0600; they are to be used only after
            this returns.

    Raises:
        AdminProblem: It is none, is damaged, or is of a later format.
        OSError: It cannot be read, or the folder not be written.
    """
    seen: dict[str, dict[str, Any]] = {}
    text: bytes | None = None
    try:
        with (
            gzip.open(path) as unpacked,
            tarfile.open(fileobj=_Bounded(unpacked), mode="r:") as archive,  # type: ignore[call-overload]
        ):
            for entry in archive:
                if text is not None:
                    raise AdminProblem(DAMAGED.format("something follows its end"))
                source = archive.extractfile(entry) if _is_file(entry) else None
                if source is None or entry.name in seen or not _is_plain(entry.name):
                    raise AdminProblem(DAMAGED.format("a member that does not belong there"))
                if entry.name == MANIFEST:
                    text = source.read(_LIMIT_MANIFEST)
                else:
                    seen[entry.name] = _read_member(source, into and into / entry.name)
            while unpacked.read(_PIECE):  # to gzip's own checksum
                pass
    except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
        raise AdminProblem(DAMAGED.format("it cannot be unpacked")) from error
    except OSError as error:
        if error.errno is None:  # gzip's own
            raise AdminProblem(DAMAGED.format("it cannot be unpacked")) from error
        raise
    manifest = _parse(text)
    if manifest.members != seen:
        raise AdminProblem(DAMAGED.format("its checksums differ"))
    return manifest


def _read_member(source: IO[bytes], target: Path | None) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with open(os.devnull, "wb") if target is None else _new_file(target) as file:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        if target is not None:
            file.flush()
            os.fsync(file.fileno())
    return {"size": size, "sha256": digest.hexdigest()}


def _new_file(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _parse(text: bytes | None) -> Manifest:
    if text is None:
        raise AdminProblem(DAMAGED.format("its end is missing"))
    try:
        told = from_json(text)
        if told["format"] > FORMAT:
            raise AdminProblem("The backup was made by a newer version. Install that one first.")
        return TypeAdapter(Manifest).validate_json(text, strict=True)
    except (ValueError, KeyError, TypeError) as error:
        raise AdminProblem(DAMAGED.format("its manifest cannot be read")) from error


def _is_file(entry: tarfile.TarInfo) -> bool:
    """Return whether it is one; one with holes would be longer than what was read of it."""
    return entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not entry.issparse()


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return len(parts) <= 2 and all(part not in {"", ".", ".."} for part in parts)
