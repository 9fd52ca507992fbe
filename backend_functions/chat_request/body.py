"""What a client may say when it asks: never an address, a key or a provider."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from backend_functions.chat_request.attachments import MAX_FILES
from backend_functions.http import no_nul


class ChatRequestBody(BaseModel):
    """One question to one chat, or the wish for another answer to an earlier one.

    `message_id` is the client's own id of the message this request makes: its prompt, or with
    `regenerate` the answer.
    """

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    chat_id: Annotated[UUID, Field(alias="chatId")]
    """The chat to ask in."""
    prompt: Annotated[str, AfterValidator(no_nul), Field(min_length=1)] | None = None
    """What is asked."""
    message_id: Annotated[UUID | None, Field(alias="messageId")] = None
    """The id of the message that this request makes: the same id again never makes a second one."""
    edit: UUID | None = None
    """A message of the user that the prompt is a new version of."""
    regenerate: UUID | None = None
    """An answer to make a new version of."""
    attachments: Annotated[list[str], Field(max_length=MAX_FILES)] = []
    """Storage paths of files of this chat that go with the prompt."""
    web_search: Annotated[bool, Field(alias="webSearch")] = False
    """Whether to search the web first."""
    stream: bool | None = None
    """Whether to answer with events, whatever the header Accept says."""

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Self:
        if (self.prompt is None) == (self.regenerate is None):
            raise ValueError("needs either a prompt or an answer to regenerate")
        if self.edit is not None and self.regenerate is not None:
            raise ValueError("cannot both edit and regenerate")
        if self.attachments and self.prompt is None:
            raise ValueError("attachments go with a prompt")
        return self
