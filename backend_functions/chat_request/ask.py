"""Asking: from a checked body to an answer that is being written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from backend_functions.chat_request.answer import Answer
from backend_functions.chat_request.body import ChatRequestBody
from backend_functions.chat_request.conversation import (
    Conversation,
    load_conversation,
    save_empty_answer,
    save_prompt,
)
from backend_functions.chat_request.running import RunningAnswers
from backend_functions.chat_request.writer import AnswerWriter
from backend_functions.configured_provider import ConfiguredProviders, build_request
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import Conflict, InvalidRequest, NotFound
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

    async def ask(self, caller: Caller, body: ChatRequestBody) -> Answer:
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
    ) -> Answer:
        message_id = body.message_id or uuid4()
        metadata = _first_metadata(conversation.config)
        async with self.database.as_user(caller) as connection:
            earlier = await save_prompt(connection, body.chat_id, message_id, body.prompt)
            if earlier is None:
                await save_empty_answer(connection, body.chat_id, answer.id, message_id, metadata)
        if earlier is not None:
            self.running.release(answer)
            return await self.attach(caller, earlier.answer_id, message_id)
        answer.add_event("started", _started(message_id, answer.id, metadata["model"]))
        writer = AnswerWriter(
            answer, caller=caller, database=self.database, limits=self.limits, metadata=metadata
        )
        turns = (*conversation.turns, ChatTurn("user", body.prompt))
        self.running.start(
            answer, writer.write(provider, build_request(conversation.config, turns))
        )
        return answer

    async def attach(self, caller: Caller, answer_id: UUID, message_id: UUID) -> Answer:
        """Return an answer that was begun before: the running one, or the stored one, closed.

        Raises:
            NotFound: The caller has no such answer.
            Conflict: Another server is writing it.
        """
        user_id = _user_id(caller)
        if (answer := self.running.find(answer_id, user_id)) is not None:
            return answer
        async with self.database.as_user(caller) as connection:
            cursor = await connection.execute(
                _SQL.get_answer, {"id": answer_id, "user_id": user_id}
            )
            row = await cursor.fetchone()
        if row is None:
            raise NotFound("There is no such answer.")
        if row["metadata"]["status"] == "streaming":
            raise Conflict("The answer is being written elsewhere. Read its row.")
        return _stored_answer(row, user_id, message_id)


def _stored_answer(row: Mapping[str, Any], user_id: UUID, message_id: UUID) -> Answer:
    answer = Answer(row["id"], user_id=user_id, chat_id=row["chat_id"])
    answer.add_event("started", _started(message_id, answer.id, row["metadata"].get("model")))
    if row["content"]:
        answer.add_text(row["content"])
    if (failure := row["metadata"].get("error")) is not None:
        answer.close("failed", {**failure, "assistant_message_id": answer.id}, row)
    else:
        answer.close("done", {"message": row}, row)
    return answer


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
