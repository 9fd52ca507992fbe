"""Files that go with a prompt: put where the chat's files lie, before it is asked."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import PurePosixPath
from typing import Final
from unicodedata import combining, normalize

from pocketllm_cli.api.chat_folders import chat_folder
from pocketllm_cli.api.client import Api
from pocketllm_cli.attachables import Attachable
from pocketllm_cli.errors import Conflict, PocketLLMError

FileProgress = Callable[[str, int, int], None]
"""Is told of which file how many bytes of how many have gone over."""

_REFUSED: Final = re.compile(r"[^A-Za-z0-9_!\-.*'() &$@=;:+,?]")
_LONGEST_NAME: Final = 100


async def upload_files(
    api: Api, chat_id: str, files: Sequence[Attachable], progress: FileProgress | None = None
) -> tuple[str, ...]:
    """Store files for a chat and return where, in order; none that is there is replaced.

    Raises:
        PocketLLMError: One could not be stored; those before it are removed again.
    """
    folder = await chat_folder(api, chat_id)
    stored: list[str] = []
    try:
        for file in files:
            stored.append(await _upload(api, folder, file, progress))
    except BaseException:
        await remove_quietly(api, stored)
        raise
    return tuple(stored)


async def remove_quietly(api: Api, paths: Sequence[str]) -> None:
    """Remove files that nothing names; where that fails they stay."""
    with suppress(PocketLLMError):
        await api.files.remove_all(paths)


async def _upload(api: Api, folder: str, file: Attachable, progress: FileProgress | None) -> str:
    place = PurePosixPath(file.name)
    stem, suffix = stored_name(place.stem), stored_name(place.suffix)

    def tell(sent: int, size: int) -> None:
        if progress is not None:
            progress(file.name, sent, size)

    for number in count(1):
        name = f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}"
        path = f"{folder}/{name}"
        try:
            await api.files.upload(file.source, path, content_type=file.media_type, progress=tell)
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
