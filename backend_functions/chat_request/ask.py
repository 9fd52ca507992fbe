"""Asking: from a checked body to an answer that is being written."""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from backend_functions.chat_request.answer import Answer, ReadableAnswer
from backend_functions.chat_request.attachments import ChatFiles, StoredFile
from backend_functions.chat_request.body import ChatRequestBody
from backend_functions.chat_request.context import (
    Room,
    count_bytes,
    fit_turns,
    measure_tokens_per_byte,
)
from backend_functions.chat_request.conversation import (
    Conversation,
    NewAnswer,
    build_turns,
    load_conversation,
    save_beginning,
)
from backend_functions.chat_request.readable import ReadableFiles
from backend_functions.chat_request.remote import RowAnswer, find_row
from backend_functions.chat_request.replica import Replica
from backend_functions.chat_request.running import RunningAnswers
from backend_functions.chat_request.summaries import shorten
from backend_functions.chat_request.titles import give_title
from backend_functions.chat_request.writer import AnswerWriter
from backend_functions.configured_provider import ConfiguredProviders, build_request
from backend_functions.db.conflicts import once_more_on_conflict
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import InvalidRequest
from backend_functions.object_store import ObjectStore
from backend_functions.pdf_text import PdfReader
from backend_functions.providers.base import ChatProvider, ChatRequest
from backend_functions.providers.registry import LOCAL, check_attachments, find_provider
from backend_functions.settings import Limits, Titles
from backend_functions.types import Caller

_SQL = queries("chat_request")


@dataclass(frozen=True, slots=True)
class Asker:
    """Takes questions of any user."""

    database: Database
    providers: ConfiguredProviders
    running: RunningAnswers
    limits: Limits
    replica: Replica
    files: ObjectStore
    titles: Titles = "prompt"
    pdfs: PdfReader = field(default_factory=PdfReader)

    async def ask(self, caller: Caller, body: ChatRequestBody, token: str) -> ReadableAnswer:
        """Save the prompt, begin its answer and return it; the same message id attaches to it.

        What is wrong with the chat, its config or its files is found before anything is saved.

        Args:
            token: The caller's own, with which their files are read.

        Raises:
            ServiceError: Nothing was begun and nothing saved.
        """
        user_id = _user_id(caller)
        self._check_prompt(body.prompt)
        message_id = body.message_id or uuid4()
        conversation = await load_conversation(
            self.database,
            caller,
            body,
            message_id=message_id,
            max_messages=self.limits.max_history_messages,
        )
        provider = self.providers.open(user_id, conversation.config, conversation.sealed_key)
        search = await self.providers.open_search(caller) if body.web_search else None
        chat_files = ChatFiles(
            self.files, user_id, body.chat_id, token, self.limits.max_attachment_bytes
        )
        files = await chat_files.load(body.attachments)
        readable = ReadableFiles(find_provider(conversation.config["provider"]), self.pdfs)
        request = await self._build_request(
            caller, conversation, body.prompt, chat_files, files, readable
        )
        answer_id = message_id if body.regenerate else uuid4()
        answer = Answer(answer_id, user_id=user_id, chat_id=body.chat_id)
        metadata = _first_metadata(conversation.config, request, readable)
        new = NewAnswer(
            answer_id,
            message_id,
            body.prompt,
            conversation.place,
            metadata,
            [file.as_record() for file in files],
        )
        earlier_id = await self._save(caller, conversation, answer, new)
        if earlier_id is not None:
            return await self.attach(caller, earlier_id)
        answer.add_event(
            "started",
            {
                "user_message_id": new.parent_id,
                "assistant_message_id": answer.id,
                "model": metadata["model"],
            },
        )
        writer = AnswerWriter(
            answer,
            caller=caller,
            database=self.database,
            limits=self.limits,
            metadata=metadata,
            base_url=conversation.config["base_url"],
        )
        writing = writer.write(provider, request, search)
        if self._wants_title(conversation, body):
            writing = self._write_and_title(writing, caller, conversation, provider, body, answer)
        self.running.start(answer, writing)
        return answer

    def _wants_title(self, conversation: Conversation, body: ChatRequestBody) -> bool:
        is_first = not any(row["role"] == "assistant" for row in conversation.messages)
        config = conversation.config
        by_model = self.titles == "model" and config["provider"] != LOCAL
        return by_model and is_first and config["title_by"] == "prompt" and bool(body.prompt)

    async def _write_and_title(
        self,
        writing: Coroutine[object, object, None],
        caller: Caller,
        conversation: Conversation,
        provider: ChatProvider,
        body: ChatRequestBody,
        answer: Answer,
    ) -> None:
        """Write the answer, which ends for its readers; then make the title at leisure."""
        await writing
        if answer.text and not answer.is_cancel_requested:
            await give_title(
                self.database,
                caller,
                conversation.chat_id,
                provider,
                conversation.config,
                prompt=body.prompt or "",
                answer=answer.text,
            )

    def _check_prompt(self, prompt: str | None) -> None:
        limit = self.limits.max_prompt_characters
        if prompt is not None and (len(prompt) > limit or not prompt.strip()):
            raise InvalidRequest(f"A prompt has 1 to {limit:,} characters.")

    async def _build_request(
        self,
        caller: Caller,
        conversation: Conversation,
        prompt: str | None,
        chat_files: ChatFiles,
        files: Sequence[StoredFile],
        readable: ReadableFiles,
    ) -> ChatRequest:
        config, messages = conversation.config, conversation.messages
        attachments = await readable.all([file.attachment for file in files])
        check_attachments(readable.provider, attachments)
        used = sum(len(file.attachment.data) for file in files)
        earlier = await chat_files.load_earlier(messages, used_bytes=used, readable=readable)
        room = Room(
            window_tokens=self.providers.window_tokens(config["provider"], config["model"]),
            answer_tokens=config["max_tokens"] or 0,
            tokens_per_byte=measure_tokens_per_byte(row["metadata"] or {} for row in messages),
        )
        told = build_turns(config, messages, prompt, attachments, earlier)
        shortened = await shorten(told, room, self.database, caller)
        readable.summarised.extend(shortened.names)
        turns = fit_turns(shortened.turns, room)
        return build_request(config, turns)

    async def _save(
        self, caller: Caller, conversation: Conversation, answer: Answer, new: NewAnswer
    ) -> UUID | None:
        """Save the beginning of a reserved answer; see `save_beginning`."""
        self.running.reserve(answer)
        earlier_id = None
        is_begun = False
        try:
            earlier_id = await once_more_on_conflict(
                lambda: save_beginning(
                    self.database,
                    caller,
                    conversation,
                    new,
                    replica_id=self.replica.id,
                    max_running=self.limits.max_running_answers,
                )
            )
            is_begun = earlier_id is None
        finally:
            if not is_begun:
                self.running.release(answer)
        return earlier_id

    async def attach(self, caller: Caller, answer_id: UUID) -> ReadableAnswer:
        """Return an answer that was begun before: the running one, or one read from its row.

        Raises:
            NotFound: The caller has no such answer.
        """
        if (answer := self.running.find(answer_id, _user_id(caller))) is not None:
            return answer
        return RowAnswer(self.database, caller, await find_row(self.database, caller, answer_id))

    async def cancel(self, caller: Caller, answer_id: UUID) -> Mapping[str, Any] | None:
        """Stop an answer, wherever it is written, and return what is stored of it.

        An answer that has ended is left as it is.

        Raises:
            NotFound: The caller has no such answer.
        """
        answer = await self.attach(caller, answer_id)
        if isinstance(answer, Answer):
            self.running.cancel(answer_id)
        else:
            async with self.database.as_service() as connection:
                await connection.execute(
                    _SQL.request_cancel, {"answer_id": answer_id, "user_id": _user_id(caller)}
                )
        return await answer.finished()


def _first_metadata(
    config: Mapping[str, Any], request: ChatRequest, readable: ReadableFiles
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "status": "streaming",
        "provider": config["provider"],
        "model": config["model"],
        "model_config_id": str(config["config_id"]),
        "input_bytes": count_bytes(request.turns),
    }
    if readable.texts:
        metadata["documents_as_text"] = readable.texts
    if readable.summarised:
        metadata["documents_summarised"] = readable.summarised
    return metadata


def _user_id(caller: Caller) -> UUID:
    assert caller.user_id is not None, "only signed-in users get here"
    return caller.user_id
