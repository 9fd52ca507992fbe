"""Files that go with the prompt that is being written: picked, kept, read when it is sent."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote, urlsplit

from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import AttachedFile

if TYPE_CHECKING:  # only who sends files needs them, and nobody does before the first frame
    from pocketllm_cli.api.attachments import FileProgress
    from pocketllm_cli.api.client import Api
    from pocketllm_cli.attachables import Attachable

_LONGEST_PASTE: Final = 8_000


@dataclass(frozen=True, slots=True)
class PickedFile:
    """A file of this machine, or one that is stored with the chat already."""

    name: str
    media_type: str
    size: int
    path: str = ""
    """Where it is on this machine; empty for one that is only stored."""
    stored: str = ""
    """Where it is in the bucket; empty until it is uploaded."""

    @classmethod
    def at(cls, path: Path) -> Self:
        """Pick a file of this machine.

        Raises:
            UsageProblem: There is none, or no model takes one of its kind.
            LocalFileProblem: It cannot be read.
        """
        from pocketllm_cli.attachables import look_at

        found = look_at(path)
        return cls(found.name, found.media_type, found.size, str(path.absolute()))

    @classmethod
    def of(cls, file: AttachedFile) -> Self:
        """Pick a file that went with an earlier version of the prompt."""
        return cls(file.name, file.media_type, file.size, stored=file.path)

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """Build it from what the app kept on disk.

        Raises:
            TypeError: It is none.
        """
        return cls(**row)

    def as_row(self) -> dict[str, Any]:
        """Return it as the app keeps it on disk."""
        return asdict(self)

    def as_record(self) -> dict[str, Any]:
        """Return it as the backend notes it on a question."""
        names = ("name", "media_type", "size")
        return {"path": self.stored} | {name: getattr(self, name) for name in names}


def read_files(files: Sequence[PickedFile]) -> "tuple[Attachable, ...]":
    """Return the files of this machine as they are now, fit to be sent; it computes and reads.

    Raises:
        UsageProblem: One is gone, or no model takes what it is now, or there are too many.
        TooLarge: They have too many bytes.
        LocalFileProblem: One cannot be read.
    """
    from pocketllm_cli.attachables import check_together, look_at, prepare

    read = tuple(prepare(look_at(Path(file.path))) for file in files)
    check_together(read)
    return read


async def upload_picked(
    api: "Api",
    chat_id: str,
    files: Sequence[PickedFile],
    read: "Sequence[Attachable]",
    progress: "FileProgress",
) -> tuple[PickedFile, ...]:
    """Store what is not stored yet and return all files as stored, in their order.

    Args:
        read: What `read_files` made of those that are not stored.
    """
    from pocketllm_cli.api.attachments import upload_files

    paths = iter(await upload_files(api, chat_id, read, progress))
    return tuple(file if file.stored else replace(file, stored=next(paths)) for file in files)


def forget_uploads(files: Iterable[PickedFile]) -> tuple[PickedFile, ...]:
    """Return files to be uploaded anew: what was uploaded of them is not there any more."""
    return tuple(replace(file, stored="") if file.path else file for file in files)


def paths_in(pasted: str) -> list[Path]:
    """Return the files that a paste consists of, as terminals write those dropped on them.

    Each is a whole path, quoted for a shell or not, or a `file:` address. A paste that holds
    anything else holds none.
    """
    text = pasted.strip()
    if not text or len(text) > _LONGEST_PASTE:
        return []
    for words in _readings(text):
        paths = [_as_path(word) for word in words]
        found = [path for path in paths if path is not None]
        if found and len(found) == len(paths):
            return found
    return []


def safe_name(name: str) -> str:
    """Return a stored name as one a file of this machine can have, in the folder it is put in."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(each if each.isprintable() and each not in '<>:"|?*' else "_" for each in last)
    return plain.strip(" .")[:120] or "file"


def place_for(wanted: str, folder: Path, name: str | None = None) -> Path:
    """Return where a person wants a file to be: a path that may begin with `~` or be relative.

    Args:
        name: What the file is called in a folder that is wanted.

    Raises:
        UsageProblem: It is a folder, and the file has no name.
    """
    place = folder / Path(wanted).expanduser()
    if not place.is_dir():
        return place
    if name is None:
        raise UsageProblem(f"{place} is a folder.", hint="Give the file a name in it.")
    return place / safe_name(name)


def _readings(text: str) -> Iterable[list[str]]:
    yield [line.strip() for line in text.splitlines()]
    try:
        yield shlex.split(text)
    except ValueError:
        return


def _as_path(word: str) -> Path | None:
    if word.startswith("file://"):
        word = unquote(urlsplit(word).path)
    elif not word.startswith(("/", "~/")):
        return None
    try:
        path = Path(word).expanduser()
        return path if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, nobody's home
        return None
