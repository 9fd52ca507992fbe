"""The files of chats in Storage: where they lie, and that they go when their chat goes for good."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from pocketllm_cli.api.client import Api
from pocketllm_cli.models import StoredFile

_KIND: Final = "private/user_files"
_YOUNG: Final = timedelta(days=1)
"""Files this new may belong to a chat that is just being brought in."""
_MOST_DELETED: Final = 1000
"""What the backend tells of deleted chats; past it nobody knows which files are still wanted."""
_IDS_AT_ONCE: Final = 100


async def own_folder(api: Api) -> str:
    """Return where the files of all the person's chats lie."""
    return f"{_KIND}/{(await api.account()).id}"


async def chat_folder(api: Api, chat_id: str) -> str:
    """Return where the files of one of the person's chats lie."""
    return f"{await own_folder(api)}/{chat_id}"


def chat_id_of(path: str) -> str | None:
    """Return the id of the chat that a stored file belongs to; None for another kind of file."""
    parts = path.split("/")
    return parts[3] if len(parts) == 5 and path.startswith(f"{_KIND}/") else None


async def erase_chat(api: Api, chat_id: str) -> None:
    """Delete a chat for good, its files too; one that is gone already is fine.

    The chat goes first: files that are left over are found by `remove_left_over`, messages whose
    files are missing are not mended by anybody.
    """
    await api.chats.erase(chat_id)
    files = await api.files.below(f"{await chat_folder(api, chat_id)}/")
    await api.files.remove_all([file.path for file in files])


async def remove_left_over(api: Api, now: datetime | None = None) -> int:
    """Remove the files of chats that are gone and cannot be restored, and return how many.

    Storage removes files only for those who ask it to, so the backend, which forgets a deleted
    chat after 30 days, cannot take its files along.
    """
    files = await api.files.below(f"{await own_folder(api)}/")
    if not files:
        return 0
    deleted = await api.deleted_chats.newest()
    if len(deleted) >= _MOST_DELETED:
        return 0
    by_chat = {
        key: list(group) for key, group in groupby(files, lambda file: chat_id_of(file.path))
    }
    candidates = [key for key in by_chat if key is not None]
    kept = {chat.id for chat in deleted} | await _existing(api, candidates)
    moment = now or datetime.now(UTC)
    doomed = [
        file.path
        for chat_id in candidates
        if chat_id not in kept and not any(_is_young(file, moment) for file in by_chat[chat_id])
        for file in by_chat[chat_id]
    ]
    return await api.files.remove_all(doomed)


async def _existing(api: Api, chat_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for place in range(0, len(chat_ids), _IDS_AT_ONCE):
        found |= await api.chats.existing(chat_ids[place : place + _IDS_AT_ONCE])
    return found


def _is_young(file: StoredFile, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(file.updated_at or "") < _YOUNG
    except (ValueError, TypeError):
        return True  # nobody knows: it stays
