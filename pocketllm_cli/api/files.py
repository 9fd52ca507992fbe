"""Files in the person's part of the bucket `user_assets`, streamed from disk and to disk."""

import io
import mimetypes
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from pocketllm_cli.api.ranged import Content, read_ranged
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import (
    FileNotStored,
    LocalFileProblem,
    NotFound,
    TooLarge,
)
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.models import StoredFile
from pocketllm_cli.private_files import create_private

BUCKET: Final = "user_assets"
LINK_SECONDS: Final = 600
"""How long a signed link is good, where nobody says otherwise."""

_PIECE_BYTES: Final = 256 * 1024
_PAGE: Final = 1000
_TRANSFER_SECONDS: Final = 300.0

Progress = Callable[[int, int], None]
"""Is told how many bytes of how many have gone over; -1 of those where nobody knows."""


class Files:
    """The files of the person who is signed in; paths are those inside the bucket."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def upload(
        self,
        source: Path | bytes,
        path: str,
        *,
        content_type: str | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Store a local file or bytes; it is there wholly afterwards, or not at all.

        Raises:
            LocalFileProblem: It cannot be read.
            Conflict: There is one already, and `replace` is not set.
            NotAllowed: The path is not the person's own.
            FileNotStored: The bucket does not take that much, or that type.
        """
        size = len(source) if isinstance(source, bytes) else _size(source)
        named = PurePosixPath(path) if isinstance(source, bytes) else source
        headers = {
            "Content-Type": content_type or guess_type(named),
            "Content-Length": str(size),
            "Cache-Control": "max-age=3600",
            "x-upsert": "true" if replace else "false",
        }
        call = Call(
            "storage",
            "POST",
            f"object/{BUCKET}/{_quoted(path)}",
            headers=headers,
            content=lambda: _pieces(source, size, progress),
            silence_seconds=_TRANSFER_SECONDS,
        )
        await self._wire.ask(call)

    async def upload_avatar(
        self, source: Path | bytes, *, progress: Progress | None = None
    ) -> StoredFile:
        """Make a local picture the person's avatar, which everybody may see, and return it.

        The backend draws the square from its middle anew, at most 512 pixels a side.

        Raises:
            LocalFileProblem: It cannot be read.
            InvalidRequest | TooLarge: It is no still PNG, JPEG or WebP, or too large.
        """
        size = len(source) if isinstance(source, bytes) else _size(source)
        call = Call(
            "functions",
            "POST",
            "avatar",
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)},
            content=lambda: _pieces(source, size, progress),
            silence_seconds=_TRANSFER_SECONDS,
        )
        stored = await self._wire.ask(call)
        return StoredFile(stored["path"], stored["size"], "image/png", None)

    async def download(
        self,
        path: str,
        target: Path,
        *,
        progress: Progress | None = None,
        most_bytes: int | None = None,
    ) -> StoredFile:
        """Fetch a file; nobody sees a part of it at `target`, which others may not read.

        Where the connection breaks, the rest is asked for.

        Raises:
            NotFound: There is none, or none of the person's.
            LocalFileProblem: It cannot be written.
            BackendUnreachable: The connection broke, and no other brought more for half a minute;
                what was at `target` is still there.
            BackendProblem: The file was replaced meanwhile.
            TooLarge: It has more than `most_bytes`; no more than those were read.
        """
        url_path = f"object/authenticated/{BUCKET}/{_quoted(path)}"
        call = Call("storage", "GET", url_path, headers={"Accept-Encoding": "identity"})
        found: list[Content] = []
        draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
        try:
            async with aclosing(read_ranged(self._wire, call, _PIECE_BYTES, found.append)) as raw:
                pieces = _bounded(raw, most_bytes)
                taken = await _save(pieces, draft, lambda: found[0].total, progress)
            draft.replace(target)
        except OSError as error:
            raise LocalFileProblem(f"Could not write {target}: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
        return StoredFile(path, taken, found[0].content_type, None)

    async def all(self, folder: str) -> list[StoredFile]:
        """Return the files and folders in a folder by name; a folder has no size."""
        found: list[StoredFile] = []
        while True:
            body = {"prefix": folder, "limit": _PAGE, "offset": len(found)}
            rows = await self._wire.ask(Call("storage", "POST", f"object/list/{BUCKET}", body=body))
            found += [StoredFile.from_row(folder, row) for row in rows]
            if len(rows) < _PAGE:
                return found

    async def below(self, prefix: str) -> list[StoredFile]:
        """Return every file whose path begins with a prefix, by path."""
        found: list[StoredFile] = []
        body: dict[str, Any] = {"prefix": prefix, "limit": _PAGE}
        while True:
            call = Call("storage", "POST", f"object/list-v2/{BUCKET}", body=body)
            page = await self._wire.ask(call)
            found += [StoredFile.from_row("", row) for row in page["objects"]]
            if not page["hasNext"]:
                return found
            body["cursor"] = page["nextCursor"]

    async def remove(self, path: str) -> None:
        """Remove a file.

        Raises:
            NotFound: There is none that the person may remove.
        """
        body = {"prefixes": [path]}
        if not await self._wire.ask(Call("storage", "DELETE", f"object/{BUCKET}", body=body)):
            raise NotFound("There is no such file.")

    async def remove_all(self, paths: Sequence[str]) -> int:
        """Remove files and return how many there were; those that are gone are fine."""
        count = 0
        for place in range(0, len(paths), _PAGE):
            body = {"prefixes": list(paths[place : place + _PAGE])}
            call = Call("storage", "DELETE", f"object/{BUCKET}", body=body)
            count += len(await self._wire.ask(call) or ())
        return count

    async def sign(self, path: str, seconds: int = LINK_SECONDS) -> str:
        """Return an address from which anybody gets this one file, for a while.

        Raises:
            NotFound: There is none, or none of the person's.
        """
        body = {"expiresIn": seconds}
        call = Call("storage", "POST", f"object/sign/{BUCKET}/{_quoted(path)}", body=body)
        answer: dict[str, Any] = await self._wire.ask(call)
        signed, _, token = str(answer["signedURL"]).partition("?")
        return await self._wire.address("storage", f"{quote(signed.lstrip('/'))}?{token}")


def guess_type(path: PurePath) -> str:
    """Return the content type that a file's name speaks of; text where it speaks of none."""
    return mimetypes.guess_type(path.name, strict=False)[0] or "text/plain"


def _quoted(path: str) -> str:
    # An HTTP client takes the step up that `..` means, out of the bucket and out of Storage.
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise NotFound(f"No file can be called “{path}”.")
    return quote(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise LocalFileProblem(f"Could not read {path}: {error.strerror}.") from error


async def _pieces(
    source: Path | bytes, size: int, progress: Progress | None
) -> AsyncIterator[bytes]:
    sent = 0
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                sent += len(piece)
                yield piece
                if progress is not None:
                    progress(sent, size)
    except OSError as error:
        raise LocalFileProblem(f"Could not read {source!s}: {error.strerror}.") from error
    if sent != size:
        raise FileNotStored(f"{source!s} changed while it was read.", hint="Try again.")


async def _bounded(pieces: AsyncIterator[bytes], most_bytes: int | None) -> AsyncIterator[bytes]:
    taken = 0
    async for piece in pieces:
        taken += len(piece)
        if most_bytes is not None and taken > most_bytes:
            told = size_told(most_bytes)
            raise TooLarge(f"The file has more than {told}.", hint="It is not read.")
        yield piece


async def _save(
    pieces: AsyncIterator[bytes],
    draft: Path,
    total: Callable[[], int],
    progress: Progress | None,
) -> int:
    taken = 0
    with os.fdopen(create_private(draft), "wb") as file:
        async for piece in pieces:
            file.write(piece)
            taken += len(piece)
            if progress is not None:
                progress(taken, total())
        file.flush()
        os.fsync(file.fileno())
    return taken
