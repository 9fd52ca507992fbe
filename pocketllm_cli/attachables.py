"""Local files as they go with a prompt: what each is, how large, made fit where it is a picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pocketllm_cli.errors import LocalFileProblem, TooLarge, UnreadablePicture, UsageProblem
from pocketllm_cli.file_kinds import HEAD_BYTES, is_picture, kind_of, size_told, suffix_of

MOST_FILES: Final = 10
MOST_BYTES: Final = 20 * 1024 * 1024
"""What the backend takes with one question, all files together."""
MOST_PICTURE_BYTES: Final = 100 * 1024 * 1024
"""What a picture on this machine may have before it is made fit."""

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, slots=True)
class Attachable:
    """A file that can go with a prompt.

    `data` is set where the bytes that are sent are not those on disk, and where there is no file.
    """

    name: str
    media_type: str
    size: int
    """Bytes that are sent."""
    path: Path | None = None
    data: bytes | None = None

    @property
    def source(self) -> Path | bytes:
        """Where the bytes that are sent come from."""
        if self.data is not None:
            return self.data
        assert self.path is not None, "a file without bytes has a place"
        return self.path


def refuse_address(word: str) -> None:
    """Refuse an address on the web: nothing is ever loaded for a question.

    Raises:
        UsageProblem: It is one.
    """
    if _ADDRESS.match(word):
        raise UsageProblem(
            f"{word} is an address, and only files of this machine are attached.",
            hint=f"Download it first, for example with `curl -O {word}`, and attach the file.",
        )


def look_at(path: Path) -> Attachable:
    """Return what a file is, without making it fit; its size is that on disk.

    Raises:
        UsageProblem: There is no such file, or no model takes one of its kind.
        LocalFileProblem: It cannot be read.
    """
    try:
        if path.is_dir():
            raise UsageProblem(f"{path} is a folder.", hint="Name the files in it.")
        if not path.is_file():
            raise UsageProblem(f"There is no file {path}.", hint="Check the path.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    return Attachable(path.name, _kind_or_fail(path.name, head), size, path)


def prepare(found: Attachable) -> Attachable:
    """Return a file as it is sent: a picture made fit, everything else as it is.

    This may take a second of computing for a large picture.

    Raises:
        UnreadablePicture: It is no whole picture, or has too many pixels.
        TooLarge: It has too many bytes.
        LocalFileProblem: It cannot be read.
    """
    if not is_picture(found.media_type):
        return found
    if found.size > MOST_PICTURE_BYTES:
        most = size_told(MOST_PICTURE_BYTES)
        raise TooLarge(f"{found.name} is larger than {most}.", hint=_SMALLER)
    from pocketllm_cli.pictures import fitted  # only where there is a picture

    try:
        picture = fitted(_bytes_of(found))
    except UnreadablePicture as error:
        raise UnreadablePicture(f"{found.name}: {error.message}") from error
    if picture is None:
        return found
    stem = found.name.rpartition(".")[0] or found.name
    name = f"{stem}{suffix_of(picture.media_type)}"
    if picture.media_type == "image/jpeg" and found.name.lower().endswith((".jpeg", ".jpg")):
        name = found.name
    return Attachable(name, picture.media_type, len(picture.data), found.path, picture.data)


def from_bytes(data: bytes, stem: str) -> Attachable:
    """Return bytes that were piped in as a file, named by what they are: `stdin.png`.

    Raises:
        UsageProblem: No model takes what they are, or there are none.
    """
    if not data:
        raise UsageProblem("There was nothing to attach on standard input.", hint=_KINDS)
    kind = _kind_or_fail(stem, data[:HEAD_BYTES])
    return Attachable(f"{stem}{suffix_of(kind)}", kind, len(data), data=data)


def check_together(files: Sequence[Attachable]) -> None:
    """Refuse more files than go with one question; pictures are to be made fit before.

    Raises:
        UsageProblem: There are too many.
        TooLarge: They have too many bytes.
    """
    if len(files) > MOST_FILES:
        raise UsageProblem(
            f"At most {MOST_FILES} files go with one question.", hint="Ask about some of them."
        )
    size = sum(file.size for file in files)
    if size > MOST_BYTES:
        raise TooLarge(
            f"These files have {size / 2**20:.1f} MiB; {MOST_BYTES // 2**20} go with one question.",
            hint=_SMALLER,
        )


_SMALLER: Final = "Attach fewer files, or a part of them."
_KINDS: Final = "Pictures (PNG, JPEG, GIF, WebP, BMP, TIFF), PDFs and text can be attached."


def _kind_or_fail(name: str, head: bytes) -> str:
    kind = kind_of(head)
    if kind is None:
        what = "is empty" if not head else "is neither a picture, a PDF nor text"
        raise UsageProblem(f"{name} {what}.", hint=_KINDS)
    return kind


def _bytes_of(found: Attachable) -> bytes:
    if found.data is not None:
        return found.data
    assert found.path is not None
    try:
        return found.path.read_bytes()
    except OSError as error:
        raise _unreadable(found.path, error) from error


def _unreadable(path: Path, error: OSError) -> LocalFileProblem:
    return LocalFileProblem(f"Could not read {path}: {error.strerror}.", hint="Check its rights.")
