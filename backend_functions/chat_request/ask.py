"""Asking: from a checked body to an answer that is being written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from backend_functions.chat_request.answer import Answer, ReadableAnswer
from backend_functions.chat_request.body import ChatRequestBody
from backend_functions.chat_request.conversation import (
    Conversation,
    load_conversation,
    save_empty_answer,
    save_prompt,
)
from backend_functions.chat_request.remote import RowAnswer, find_row
from backend_functions.chat_request.replica import Replica
from backend_functions.chat_request.running import RunningAnswers, too_many_answers
from backend_functions.chat_request.writer import AnswerWriter
from backend_functions.configured_provider import ConfiguredProviders, build_request
from backend_functions.db.pool import Connection, Database
from backend_functions.db.queries import queries
from backend_functions.errors import InvalidRequest
from backend_functions.providers.base import ChatProvider, ChatTurn
from backend_functions.settings import Limits
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

    async def ask(self, caller: Caller, body: ChatRequestBody) -> ReadableAnswer:
        """Save the prompt, begin its answer and return it; the same message id attaches to it.

        What is wrong with the chat or its config is found before anything is saved.

        Raises:
            ServiceError: Nothing was begun and nothing saved.
        """
        user_id = _user_id(caller)
        if len(body.prompt) > self.limits.max_prompt_characters or not body.prompt.strip():
            raise InvalidRequest(
                f"A prompt has 1 to {self.limits.max_prompt_characters:,} characters."
            )
        async with self.database.as_user(caller) as connection:
            conversation = await load_conversation(
                connection,
                body.chat_id,
                user_id,
                max_messages=self.limits.max_history_messages,
            )
        provider = await self.providers.open(user_id, conversation.config)
        answer = Answer(uuid4(), user_id=user_id, chat_id=body.chat_id)
        self.running.reserve(answer)
        try:
            return await self._begin(caller, body, conversation, provider, answer)
        except BaseException:
            self.running.release(answer)
            raise

    async def _begin(
        self,
        caller: Caller,
        body: ChatRequestBody,
        conversation: Conversation,
        provider: ChatProvider,
        answer: Answer,
    ) -> ReadableAnswer:
        message_id = body.message_id or uuid4()
        metadata = _first_metadata(conversation.config)
        async with self.database.as_user(caller) as connection:
            earlier = await save_prompt(connection, body.chat_id, message_id, body.prompt)
            if earlier is None:
                await save_empty_answer(connection, body.chat_id, answer.id, message_id, metadata)
                await self._claim(connection, answer)
        if earlier is not None:
            self.running.release(answer)
            return await self.attach(caller, earlier.answer_id)
        answer.add_event("started", _started(message_id, answer.id, metadata["model"]))
        writer = AnswerWriter(
            answer, caller=caller, database=self.database, limits=self.limits, metadata=metadata
        )
        turns = (*conversation.turns, ChatTurn("user", body.prompt))
        self.running.start(
            answer, writer.write(provider, build_request(conversation.config, turns))
        )
        return answer

    async def _claim(self, connection: Connection, answer: Answer) -> None:
        """Note who writes the answer; the last statements of the transaction, as the service."""
        await connection.execute("set local role service_role")
        cursor = await connection.execute(_SQL.count_running, {"user_id": answer.user_id})
        row = await cursor.fetchone()
        if row is not None and row["running"] >= self.limits.max_running_answers:
            raise too_many_answers()
        await connection.execute(
            _SQL.claim_answer,
            {"answer_id": answer.id, "user_id": answer.user_id, "replica_id": self.replica.id},
        )

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
                    _SQL.request_cancel,
                    {"answer_id": answer_id, "user_id": _user_id(caller)},
                )
        return await answer.finished()


def _first_metadata(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": "streaming",
        "provider": config["provider"],
        "model": config["model"],
        "model_config_id": str(config["config_id"]),
    }


def _started(message_id: UUID, answer_id: UUID, model: str | None) -> dict[str, Any]:
    return {"user_message_id": message_id, "assistant_message_id": answer_id, "model": model}


def _user_id(caller: Caller) -> UUID:
    assert caller.user_id is not None, "only signed-in users get here"
    return caller.user_id
