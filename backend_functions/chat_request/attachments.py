"""Files that go with a prompt: read from the user's own storage, checked, and told to the model.

A prompt's row names its files in `metadata.attachments`, a list of `path`, `name`, `media_type`,
`size` (bytes). Their bytes are read anew for each question, with the caller's own token.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend_functions.chat_request.file_kinds import stored_attachment
from backend_functions.chat_request.readable import ReadableFiles
from backend_functions.errors import InvalidRequest, NotFound, TooLarge
from backend_functions.object_store import ObjectStore
from backend_functions.providers.base import Attachment

MAX_FILES = 10
"""How many files may go with one prompt."""

_CHAT_AND_NAME = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/([^/\\\x00-\x1f\x7f]{1,255})"
)


@dataclass(frozen=True, slots=True)
class ChatFiles:
    """The files of one user's chats, as that user; a fork names those of the chat it came of."""

    store: ObjectStore
    user_id: UUID
    chat_id: UUID
    token: str
    max_bytes: int
    """What all files of one question may take together."""

    async def load(self, paths: Sequence[str]) -> tuple["StoredFile", ...]:
        """Return the files a new prompt names, in its order.

        Raises:
            InvalidRequest: A path is of no chat of the user, or no model takes such a file.
            TooLarge: They have more bytes than may go with one question.
            NotFound: There is no such file.
        """
        files: list[StoredFile] = []
        room = self.max_bytes
        for path in paths:
            data = await self._read(self._checked(path), room)
            room -= len(data)
            files.append(StoredFile(path, stored_attachment(path, data)))
        return tuple(files)

    async def load_earlier(
        self, messages: Sequence[Mapping[str, Any]], *, used_bytes: int, readable: ReadableFiles
    ) -> dict[str, "EarlierFiles"]:
        """Return the files of earlier prompts by message, the newest first to be given room.

        Args:
            used_bytes: What the new prompt's files take.
            readable: What makes them readable for the provider; what it cannot have is only
                named to it.
        """
        room = self.max_bytes - used_bytes
        found: dict[str, EarlierFiles] = {}
        for message in reversed(messages):
            paths = attached_paths(message["metadata"])
            if message["role"] != "user" or not paths:
                continue
            loaded, missing = [], []
            for path in paths:
                attachment = await self._find(path, room)
                made = await readable.earlier(attachment) if attachment else None
                if attachment is None or made is None:
                    missing.append(path.rpartition("/")[2])
                else:
                    room -= len(attachment.data)
                    loaded.append(made)
            found[message["id"]] = EarlierFiles(tuple(loaded), tuple(missing))
        return found

    async def _find(self, path: str, room: int) -> Attachment | None:
        if room <= 0:
            return None
        try:
            data = await self._read(self._checked(path), room)
            return stored_attachment(path, data)
        except (NotFound, InvalidRequest, TooLarge):
            return None

    async def _read(self, path: str, room: int) -> bytes:
        async with self.store.open(path, self.token, max_bytes=room) as found:
            return await found.read()

    def _checked(self, path: str) -> str:
        own = f"private/user_files/{self.user_id}/"
        match = _CHAT_AND_NAME.fullmatch(path.removeprefix(own))
        if not path.startswith(own) or match is None or match[1] in {".", ".."}:
            raise InvalidRequest(f"An attachment is a file in {own}{self.chat_id}/.")
        return path


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that goes with a new prompt."""

    path: str
    attachment: Attachment

    def as_record(self) -> dict[str, Any]:
        """Return what the prompt's row says of it."""
        return {
            "path": self.path,
            "name": self.attachment.name,
            "media_type": self.attachment.media_type,
            "size": len(self.attachment.data),
        }


@dataclass(frozen=True, slots=True)
class EarlierFiles:
    """The files of an earlier prompt: those that are sent again, and the names of the others."""

    attachments: tuple[Attachment, ...]
    left_out: tuple[str, ...]

    def note(self) -> str:
        """Return what the model is told of files it is not given; empty when there are none."""
        return "".join(f"(The file {name} was attached here.)\n" for name in self.left_out)


def attached_paths(metadata: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the paths a message's metadata names; a client may have written anything there."""
    records = (metadata or {}).get("attachments")
    if not isinstance(records, list):
        return ()
    paths = [one.get("path") for one in records if isinstance(one, dict)]
    return tuple(path for path in paths if isinstance(path, str))[:MAX_FILES]
