"""The picture of the person who is signed in, which everybody may see."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from pocketllm_cli.api.files import Files
from pocketllm_cli.api.profiles import Profiles
from pocketllm_cli.errors import NotFound
from pocketllm_cli.models import Profile

FOLDER: Final = "public/avatars"


def avatar_path(user_id: str) -> str:
    """Return where the avatar of a user lies in the bucket."""
    return f"{FOLDER}/{user_id}.png"


class Avatars:
    """Sets and removes one's own picture, and notes in the profile where it lies."""

    def __init__(self, files: Files, profiles: Profiles) -> None:
        self._files = files
        self._profiles = profiles

    async def put(self, source: Path | bytes) -> Profile:
        """Make a picture the avatar and return the profile that names it.

        Raises:
            LocalFileProblem: It cannot be read.
            InvalidRequest | TooLarge: It is no still PNG, JPEG or WebP, or too large.
        """
        stored = await self._files.upload_avatar(source)
        return await self._profiles.edit({"avatar_url": stored.path})

    async def remove(self, user_id: str) -> Profile:
        """Remove the avatar and return the profile without it; none is fine."""
        with suppress(NotFound):
            await self._files.remove(avatar_path(user_id))
        return await self._profiles.edit({"avatar_url": None})
