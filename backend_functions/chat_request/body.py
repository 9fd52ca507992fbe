"""What a client may say when it asks: never an address, a key or a provider."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend_functions.http import no_nul


class ChatRequestBody(BaseModel):
    """One question to one chat. `message_id` is the client's own id of its message."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    chat_id: Annotated[UUID, Field(alias="chatId")]
    prompt: Annotated[str, AfterValidator(no_nul), Field(min_length=1)]
    message_id: Annotated[UUID | None, Field(alias="messageId")] = None
    stream: bool | None = None
