"""Local files that go with a prompt: put where the chat's files lie, before it is asked."""

import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final
from unicodedata import combining, normalize

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.files import Progress
from pocketllm_cli.errors import Conflict, LocalFileProblem, TooLarge, UsageProblem

MOST_FILES: Final = 10
MOST_BYTES: Final = 20 * 1024 * 1024
"""What the backend takes with one question, all files together."""

_REFUSED: Final = re.compile(r"[^A-Za-z0-9_!\-.*'() &$@=;:+,?]")
_LONGEST_NAME: Final = 100


def check_files(paths: Sequence[Path]) -> None:
    """Refuse what cannot be sent along, before anything is stored.

    Raises:
        UsageProblem: There are too many, or one is no file.
        TooLarge: They have too many bytes.
        LocalFileProblem: One cannot be read.
    """
    if len(paths) > MOST_FILES:
        raise UsageProblem(f"At most {MOST_FILES} files go with one question.")
    size = 0
    for path in paths:
        try:
            if not path.is_file():
                raise UsageProblem(f"There is no file {path}.", hint="Check the path after `-a`.")
            with path.open("rb"):
                size += path.stat().st_size
        except OSError as error:
            raise LocalFileProblem(f"Could not read {path}: {error.strerror}.") from error
    if size > MOST_BYTES:
        raise TooLarge(
            f"These files have {size // 2**20} MiB; {MOST_BYTES // 2**20} go with one question."
        )


async def upload_files(
    api: Api, chat_id: str, paths: Sequence[Path], progress: Progress | None = None
) -> tuple[str, ...]:
    """Store files for a chat and return where, in order; none that is there is replaced."""
    user_id = (await api.account()).id
    folder = f"private/user_files/{user_id}/{chat_id}"
    return tuple([await _upload(api, folder, path, progress) for path in paths])


async def _upload(api: Api, folder: str, source: Path, progress: Progress | None) -> str:
    stem, suffix = stored_name(source.stem), stored_name(source.suffix)
    for number in count(1):
        name = f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}"
        path = f"{folder}/{name}"
        try:
            await api.files.upload(source, path, progress=progress)
        except Conflict:
            continue
        return path
    raise AssertionError("numbers do not end")


def stored_name(name: str) -> str:
    """Return a part of a name with only what Storage takes; accents fall off, the rest is `_`.

    Source: https://github.com/supabase/storage/blob/master/src/storage/limits.ts
    """
    plain = "".join(c for c in normalize("NFKD", name) if not combining(c))
    return _REFUSED.sub("_", plain)[:_LONGEST_NAME]
