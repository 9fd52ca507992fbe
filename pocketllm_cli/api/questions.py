"""A question with all that goes with it: which chat, which model, and what is kept."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import uuid4

from pocketllm_cli.api.answers import AnswerEvent
from pocketllm_cli.api.chats import LAST
from pocketllm_cli.api.client import Api
from pocketllm_cli.errors import PocketLLMError


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks.

    `chat` is an id, the beginning of one, `last` (a new chat where there is none yet), or None
    for a new chat called `title`. `model` names a model config; None leaves the choice to the
    chat, and to the default for a new one.
    """

    prompt: str
    title: str
    chat: str | None = None
    model: str | None = None
    system: str | None = None
    is_temporary: bool = False


async def put_question(api: Api, question: Question) -> AsyncGenerator[AnswerEvent, None]:
    """Ask, and yield the answer's events; a temporary chat is gone afterwards.

    Raises:
        ModelNotFound | ChatNotFound: Nothing was stored.
        PocketLLMError: The question was not taken; a chat made for it is gone again.
    """
    chat_id, is_new = await _prepare_chat(api, question)
    is_taken = False
    try:
        if question.system:
            await api.chats.add_system_prompt(chat_id, question.system)
        events = api.answers.ask(chat_id, question.prompt, message_id=str(uuid4()))
        async with aclosing(events):
            async for event in events:
                is_taken = True
                yield event
    except PocketLLMError:
        if (
            is_new and not is_taken and not question.is_temporary
        ):  # nothing was said in it, and nobody would miss it
            with suppress(PocketLLMError):
                await api.chats.delete(chat_id)
        raise
    finally:
        if question.is_temporary:
            await api.chats.delete(chat_id)


async def _prepare_chat(api: Api, question: Question) -> tuple[str, bool]:
    """Return the id of the chat to ask in, and whether it was made for this question."""
    config = await api.model_configs.find(question.model) if question.model else None
    config_id = config.id if config else None
    is_new = question.chat is None or (
        question.chat == LAST and not await api.chats.newest(limit=1)
    )
    if is_new:
        chat_id = str(uuid4())
        await api.chats.open(chat_id, question.title, config_id)
        return chat_id, True
    assert question.chat is not None
    chat = await api.chats.find(question.chat)
    if config_id and config_id != chat.model_config_id:
        await api.chats.set_model(chat.id, config_id)
    return chat.id, False
