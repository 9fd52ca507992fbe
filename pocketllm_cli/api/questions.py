"""A question with all that goes with it: which chat, which model, what is kept, which version."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from pocketllm_cli.api.chats import LAST
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.reading import AnswerRequest, ReadAnswer
from pocketllm_cli.errors import BackendUnreachable, PocketLLMError

if TYPE_CHECKING:
    from pocketllm_cli.api.attachments import FileProgress
    from pocketllm_cli.attachables import Attachable


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks.

    `chat` is an id, the beginning of one, `last` (a new chat where there is none yet), or None
    for a new chat called `title`. `model` names a model config; None leaves the choice to the
    chat, and to the default for a new one. Without a prompt the chat's last answer is made anew;
    `edit` names the user message that the prompt is another version of.
    """

    prompt: str | None
    title: str = ""
    chat: str | None = None
    model: str | None = None
    system: str | None = None
    edit: str | None = None
    is_temporary: bool = False
    searches_web: bool = False
    files: tuple["Attachable", ...] = ()
    """Local files that go with the prompt; fit and checked already."""
    progress: "FileProgress | None" = None
    """Is told how far they have gone over."""


@asynccontextmanager
async def put_question(api: Api, question: Question) -> AsyncIterator[ReadAnswer]:
    """Prepare a question and hand out its answer to be read; a temporary chat is gone afterwards.

    Raises:
        ModelNotFound | ChatNotFound | MessageNotFound: Nothing was stored.
        PocketLLMError: The question was not taken; a chat made for it is gone again.
    """
    config = await api.model_configs.find(question.model) if question.model else None
    config_id = config.id if config else None
    if question.prompt is None or question.edit is not None:
        request = await _request_version(api, question, config_id)
        yield api.answers.ask(request)
        return
    chat_id, is_new = await _prepare_chat(api, question, config_id)
    answer = None
    attached: tuple[str, ...] = ()
    try:
        if question.system:
            await api.chats.add_system_prompt(chat_id, question.system)
        attached = await _upload(api, chat_id, question)
        answer = api.answers.ask(
            AnswerRequest(
                chat_id,
                question.prompt,
                message_id=str(uuid4()),
                searches_web=question.searches_web,
                attachments=attached,
            )
        )
        yield answer
    except BaseException as error:
        is_sure = isinstance(error, PocketLLMError) and not isinstance(error, BackendUnreachable)
        is_unused = answer is None or not answer.is_asked or (is_sure and not answer.has_begun)
        if is_new and is_unused and not question.is_temporary:  # nobody would miss it
            with suppress(PocketLLMError):
                await _erase(api, chat_id, attached)
        raise
    finally:
        if question.is_temporary:
            await _erase(api, chat_id, attached)


async def _request_version(api: Api, question: Question, config_id: str | None) -> AnswerRequest:
    """Return what asks for another version of an answer or of a user's message."""
    if question.edit is None:
        chat = await api.chats.find(question.chat or LAST)
        request = AnswerRequest(
            chat.id,
            message_id=str(uuid4()),
            regenerate=await api.messages.last_answer_id(chat),
            searches_web=question.searches_web,
        )
    else:
        message = await api.messages.find_prompt(question.chat, question.edit)
        request = AnswerRequest(
            message.chat_id,
            question.prompt,
            message_id=str(uuid4()),
            edit=message.id,
            searches_web=question.searches_web,
            attachments=await _upload(api, message.chat_id, question),
        )
    if config_id:
        await api.chats.set_model(request.chat_id, config_id)
    return request


async def _upload(api: Api, chat_id: str, question: Question) -> tuple[str, ...]:
    if not question.files:
        return ()
    from pocketllm_cli.api.attachments import upload_files  # only where something is attached

    return await upload_files(api, chat_id, question.files, question.progress)


async def _erase(api: Api, chat_id: str, paths: tuple[str, ...]) -> None:
    await api.chats.erase(chat_id)
    if paths:
        await api.files.remove_all(paths)


async def _prepare_chat(api: Api, question: Question, config_id: str | None) -> tuple[str, bool]:
    """Return the id of the chat to ask in, and whether it was made for this question."""
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
