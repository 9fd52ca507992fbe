"""Opens a file of chats, whatever wrote it."""

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

from pocketllm_cli.errors import LocalFileProblem, UsageProblem
from pocketllm_cli.imports import chatgpt, claude, llm_log, own

Source = Literal["pocketllm", "chatgpt", "claude", "llm"]

_MEMBER: Final = "conversations.json"
_ZIP: Final = b"PK\x03\x04"
_MAX_BYTES: Final = 2 * 1024**3
"""A JSON file is read whole; more than this would not fit into the memory of most machines."""
_SMALL_BYTES: Final = 100 * 1024**2
_MOST_GROWTH: Final = 200
"""Chats that are unpacked are ten times as large at most; what grows more is made to harm."""
_LIST_READERS: Final = {chatgpt.SOURCE: chatgpt, claude.SOURCE: claude}


def read_file(
    path: Path,
    source: Source | None,
    user_id: str,
    tell_total: Callable[[int], None] = lambda total: None,
) -> Iterator[dict[str, Any]]:
    """Yield each chat of a file as it is brought in.

    Args:
        source: What wrote it; None finds out.
        tell_total: Is told how many chats there are at most, where that is known.

    Raises:
        LocalFileProblem: It cannot be read, or is damaged.
        UsageProblem: It is none of the files that can be brought in.
    """
    if _begins_with(path, llm_log.MAGIC) or source == llm_log.SOURCE:
        _check_source(source, llm_log.SOURCE)
        for chat in llm_log.read_log(path):
            yield chat.record(user_id)
        return
    document = _parse(path, _read_json_bytes(path))
    if own.looks_like(document):
        _check_source(source, own.SOURCE)
        chats = document.get("chats")
        tell_total(len(chats) if isinstance(chats, list) else 0)
        yield from own.read_records(document)
        return
    found = next(
        (name for name, reader in _LIST_READERS.items() if _is_of(document, reader)), source
    )
    if found not in _LIST_READERS or not isinstance(document, list):
        raise UsageProblem(
            f"{path} is no file of chats that is known.",
            hint="Known are exports of pocketllm, ChatGPT and Claude, and the logs.db of llm.",
        )
    _check_source(source, found)
    tell_total(len(document))
    for chat in _LIST_READERS[found].read_chats(document):
        yield chat.record(user_id)


def _is_of(document: Any, reader: Any) -> bool:
    return isinstance(document, list) and bool(reader.looks_like(document))


def _check_source(wanted: Source | None, found: str) -> None:
    if wanted is not None and wanted != found:
        raise UsageProblem(
            f"This is a file of {found}, not of {wanted}.", hint="Leave out `--from`."
        )


def _begins_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except OSError as error:
        raise _unreadable(path, error.strerror or "it cannot be opened") from error


def _read_json_bytes(path: Path) -> bytes:
    try:
        if zipfile.is_zipfile(path):
            return _read_member(path)
        if _begins_with(path, _ZIP):
            raise _unreadable(path, "the archive is damaged, or a part of it is missing")
        if path.stat().st_size > _MAX_BYTES:
            raise _unreadable(path, "it is larger than 2 GiB")
        return path.read_bytes()
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise _unreadable(path, str(error)) from error


def _read_member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if one.filename.split("/")[-1] == _MEMBER]
        if not members:
            raise _unreadable(path, f"there is no {_MEMBER} in it")
        member = min(members, key=lambda one: len(one.filename))
        # What it says of its size is so: no more than that is read.
        if member.file_size > _MAX_BYTES:
            raise _unreadable(path, "it is larger than 2 GiB")
        if member.file_size > max(_SMALL_BYTES, member.compress_size * _MOST_GROWTH):
            raise _unreadable(path, "what is in it grows beyond all measure")
        return archive.read(member)


def _parse(path: Path, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, "it is no JSON") from error


def _unreadable(path: Path, reason: str) -> LocalFileProblem:
    return LocalFileProblem(f"{path} could not be read: {reason}.", hint="Check the file.")
