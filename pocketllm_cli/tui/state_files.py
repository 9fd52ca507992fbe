"""What the app keeps on disk for one account: drafts of prompts and the outbox, 0600 each."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pocketllm_cli.errors import LocalFileProblem
from pocketllm_cli.models import Context, Session
from pocketllm_cli.private_files import read_private, write_private
from pocketllm_cli.tui.picked_files import PickedFile
from pocketllm_cli.tui.prompts import Prompt

_NEW_CHAT: Final = "new"
_MOST_DRAFTS: Final = 200
_PICKED: Final = "picked.json"
_WISH: Final = "image-wish.json"


@dataclass(frozen=True, slots=True)
class StateFiles:
    """The files of one account in one context.

    Args:
        folder: Theirs alone, see `state_folder`.
        warn: Told when a file could be read by others, or cannot be written.
    """

    folder: Path
    warn: Callable[[str], None]
    _kept: dict[str, Any] = field(default_factory=dict)

    def drafts(self) -> dict[str, str]:
        """Return what was being written, by chat id."""
        return {key: value for key, value in self._read("drafts.json", dict).items() if value}

    def keep_draft(self, chat_id: str | None, text: str) -> None:
        """Keep what is being written in a chat (None: the one that is not made yet)."""
        drafts = self.drafts()
        key = chat_id or _NEW_CHAT
        if drafts.get(key, "") == text:
            return
        drafts.pop(key, None)
        if text:
            drafts[key] = text
        self._write("drafts.json", dict(list(drafts.items())[-_MOST_DRAFTS:]))

    def draft(self, chat_id: str | None) -> str:
        """Return what was being written in a chat."""
        return str(self.drafts().get(chat_id or _NEW_CHAT, ""))

    def keep_picked(self, chat_id: str | None, files: Sequence[PickedFile]) -> None:
        """Keep which files were picked for the prompt that is being written in a chat."""
        kept = dict(self._read(_PICKED, dict))
        key, rows = chat_id or _NEW_CHAT, [file.as_row() for file in files]
        if kept.get(key, []) == rows:
            return
        kept.pop(key, None)
        if rows:
            kept[key] = rows
        self._write(_PICKED, dict(list(kept.items())[-_MOST_DRAFTS:]))

    def picked(self, chat_id: str | None) -> tuple[PickedFile, ...]:
        """Return the files picked for the prompt that is being written in a chat."""
        rows = self._read(_PICKED, dict).get(chat_id or _NEW_CHAT, ())
        try:
            return tuple(PickedFile.from_row(row) for row in rows)
        except TypeError:
            return ()

    def image_wish(self) -> dict[str, Any]:
        """Return how pictures were wanted last."""
        return dict(self._read(_WISH, dict))

    def keep_image_wish(self, wish: dict[str, str]) -> None:
        """Keep how pictures are wanted."""
        if self._read(_WISH, dict) != wish:
            self._write(_WISH, wish)

    def outbox(self) -> list[Prompt]:
        """Return the prompts that the backend does not have yet, in the order they were sent."""
        rows = self._read("outbox.json", list)
        return [prompt for row in rows if (prompt := Prompt.from_row(row))]

    def put_out(self, prompt: Prompt) -> None:
        """Keep a prompt until the backend has it."""
        others = [each for each in self.outbox() if each.message_id != prompt.message_id]
        self._write("outbox.json", [each.as_row() for each in [*others, prompt]])

    def take_out(self, message_id: str) -> None:
        """Forget a prompt: the backend has it, or it is not to be sent."""
        prompts = self.outbox()
        kept = [each for each in prompts if each.message_id != message_id]
        if len(kept) < len(prompts):
            self._write("outbox.json", [each.as_row() for each in kept])

    def _read(self, name: str, kind: type) -> Any:
        if name not in self._kept:
            self._kept[name] = self._read_file(name, kind)
        return self._kept[name]

    def _read_file(self, name: str, kind: type) -> Any:
        try:
            text = read_private(self.folder / name, self.warn)
        except LocalFileProblem as error:
            self.warn(error.message)
            return kind()
        content: Any = None
        with suppress(ValueError):
            content = json.loads(text or "null")
        return content if isinstance(content, kind) else kind()

    def _write(self, name: str, content: Any) -> None:
        self._kept[name] = content
        try:
            write_private(self.folder / name, json.dumps(content))
        except LocalFileProblem as error:
            self.warn(error.message)


def state_folder(state: Path, context: Context, session: Session | None, token: str | None) -> Path:
    """Return the folder of an account's files; what it is called tells nothing of the account."""
    who = session.email if session and not token else token
    mark = hashlib.sha256(f"{context.url}\n{who}".encode()).hexdigest()[:16]
    return state / "terminal" / f"{context.name}-{mark}"
