"""The conversation a question belongs to, read and begun with the caller's own rights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.errors import Conflict, NotConfigured, NotFound
from backend_functions.providers.base import ChatTurn

_SQL = queries("chat_request")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat, the config it is answered with, and the turns so far, oldest first."""

    chat_id: UUID
    config: Mapping[str, Any]
    turns: tuple[ChatTurn, ...]


@dataclass(frozen=True, slots=True)
class EarlierPrompt:
    """A prompt that an earlier request with the same id has saved."""

    answer_id: UUID


async def load_conversation(
    connection: Connection, chat_id: UUID, user_id: UUID, *, max_messages: int
) -> Conversation:
    """Read the caller's chat.

    Raises:
        NotFound: There is none, or it is somebody else's.
        NotConfigured: Neither the chat nor the user has a model config.
    """
    cursor = await connection.execute(_SQL.load_chat, {"chat_id": chat_id, "user_id": user_id})
    chat = await cursor.fetchone()
    if chat is None:
        raise NotFound("There is no such chat.")
    if chat["config_id"] is None:
        raise NotConfigured("You have no model config yet.")
    cursor = await connection.execute(
        _SQL.load_history,
        {"chat_id": chat_id, "tip": chat["current_message_id"], "max_messages": max_messages},
    )
    return Conversation(chat_id, chat, build_turns(chat, await cursor.fetchall()))


def build_turns(
    config: Mapping[str, Any], messages: Iterable[Mapping[str, Any]]
) -> tuple[ChatTurn, ...]:
    """Return what the model is told before the new prompt.

    A system message of the chat takes the place of the config's system prompt. A turn without
    text (an answer that failed) is left out.
    """
    turns = tuple(ChatTurn(row["role"], row["content"]) for row in messages if row["content"])
    prompt = config["system_prompt"]
    if prompt and not any(turn.role == "system" for turn in turns):
        return (ChatTurn("system", prompt), *turns)
    return turns


async def save_prompt(
    connection: Connection, chat_id: UUID, message_id: UUID, prompt: str
) -> EarlierPrompt | None:
    """Save the user's message; when this id was saved before, return what answers it.

    Raises:
        Conflict: The id is that of another message.
    """
    values = {"id": message_id, "chat_id": chat_id, "content": prompt}
    cursor = await connection.execute(_SQL.insert_prompt, values)
    if await cursor.fetchone() is not None:
        return None
    cursor = await connection.execute(_SQL.find_prompt, values)
    earlier = await cursor.fetchone()
    if earlier is None or earlier["content"] != prompt or earlier["answer_id"] is None:
        raise Conflict("This messageId was used for another message.")
    return EarlierPrompt(earlier["answer_id"])


async def save_empty_answer(
    connection: Connection,
    chat_id: UUID,
    answer_id: UUID,
    parent_id: UUID,
    metadata: Mapping[str, Any],
) -> None:
    """Save the row of an answer that is about to be written."""
    await connection.execute(
        _SQL.insert_answer,
        {
            "id": answer_id,
            "chat_id": chat_id,
            "parent_id": parent_id,
            "metadata": Jsonb(dict(metadata), dumps=orjson.dumps),
        },
    )
