"""A prompt on its way: what is asked, in which chat, and whether that chat is still to be made."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from pocketllm_cli.models import Message, Turn
from pocketllm_cli.tui.picked_files import PickedFile

if TYPE_CHECKING:
    from pocketllm_cli.api.reading import AnswerRequest

PromptState = Literal["sending", "queued", "waiting"]
"""On its way; written while an answer runs; kept in the outbox until there is a connection."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request for an answer; its id makes sending it twice harmless.

    `new_title` is set where the chat is made for it.
    """

    message_id: str
    chat_id: str
    text: str | None = None
    new_title: str | None = None
    model_config_id: str | None = None
    regenerate: str | None = None
    edit: str | None = None
    parent_id: str | None = None
    """For another version: the message it hangs under."""
    files: tuple[PickedFile, ...] = ()
    """What goes along; uploaded before it is asked."""

    @property
    def request(self) -> "AnswerRequest":
        """What is sent."""
        from pocketllm_cli.api.reading import AnswerRequest

        return AnswerRequest(
            self.chat_id,
            self.text,
            message_id=self.message_id,
            regenerate=self.regenerate,
            edit=self.edit,
            attachments=tuple(file.stored for file in self.files if file.stored),
        )

    @property
    def unsent_files(self) -> tuple[PickedFile, ...]:
        """The files that are still to be uploaded."""
        return tuple(file for file in self.files if not file.stored)

    @property
    def uploads(self) -> list[str]:
        """Where the files lie that were uploaded for this prompt alone."""
        return [file.stored for file in self.files if file.stored and file.path]

    def as_turn(self, state: PromptState | None, created_at: str) -> Turn:
        """Return how it is shown until it is read from the backend; `state` None: it is there."""
        metadata: dict[str, Any] = {"status": state} if state else {}
        if self.files:
            metadata["attachments"] = [file.as_record() for file in self.files]
        message = Message(
            self.message_id, self.chat_id, "user", self.text or "", metadata or None, created_at
        )
        return Turn(message, self.parent_id, version=1, versions=1, is_shown=True)

    def as_row(self) -> dict[str, Any]:
        """Return it as the outbox keeps it."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Any) -> Self | None:
        """Build it from the outbox; None for what is none."""
        try:
            files = tuple(PickedFile.from_row(file) for file in row.get("files") or ())
            return cls(**(row | {"files": files}))
        except (TypeError, AttributeError):
            return None
