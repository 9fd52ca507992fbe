"""The conversation a question belongs to, read and begun with the caller's own rights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from backend_functions.chat_request.body import ChatRequestBody
from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.errors import Conflict, NotConfigured, NotFound
from backend_functions.providers.base import ChatTurn

_SQL = queries("chat_request")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tree of a chat's messages the new ones go.

    `after` is the message whose branch is told to the model. `prompt_parent` is what the new
    prompt hangs under: None leaves it to the tip, a message's own id makes it a first one.
    `answer_parent` is set when there is no new prompt.
    """

    after: UUID | None
    prompt_parent: UUID | None = None
    answer_parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat, the config it is answered with, and the messages so far, oldest first."""

    chat_id: UUID
    config: Mapping[str, Any]
    place: Place
    messages: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """An answer that an earlier request with the same message id has begun."""

    id: UUID


async def load_conversation(
    connection: Connection,
    user_id: UUID,
    body: ChatRequestBody,
    *,
    message_id: UUID,
    max_messages: int,
) -> Conversation:
    """Read the caller's chat, as far as the model is to be told of it.

    Raises:
        NotFound: There is no such chat or message, or it is somebody else's.
        NotConfigured: Neither the chat nor the user has a model config.
    """
    cursor = await connection.execute(_SQL.load_chat, {"chat_id": body.chat_id, "user_id": user_id})
    chat = await cursor.fetchone()
    if chat is None:
        raise NotFound("There is no such chat.")
    if chat["config_id"] is None:
        raise NotConfigured("You have no model config yet.")
    place = await _find_place(connection, chat, body, message_id)
    cursor = await connection.execute(
        _SQL.load_history,
        {"chat_id": body.chat_id, "tip": place.after, "max_messages": max_messages},
    )
    return Conversation(body.chat_id, chat, place, await cursor.fetchall())


async def _find_place(
    connection: Connection, chat: Mapping[str, Any], body: ChatRequestBody, message_id: UUID
) -> Place:
    named = body.edit or body.regenerate
    if named is None:
        return Place(after=chat["current_message_id"])
    role = "user" if body.edit else "assistant"
    cursor = await connection.execute(
        _SQL.find_message, {"id": named, "chat_id": body.chat_id, "role": role}
    )
    row = await cursor.fetchone()
    if row is None or (body.regenerate and row["parent_id"] is None):
        raise NotFound("There is no such message in this chat.")
    if body.regenerate:
        return Place(after=row["parent_id"], answer_parent=row["parent_id"])
    return Place(after=row["parent_id"], prompt_parent=row["parent_id"] or message_id)


def build_turns(
    config: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], prompt: str | None
) -> tuple[ChatTurn, ...]:
    """Return what the model could be told, the prompt last.

    A system message of the chat takes the place of the config's system prompt. A turn without
    text (an answer that failed) is left out.
    """
    turns = [ChatTurn(row["role"], row["content"]) for row in messages if row["content"]]
    system = config["system_prompt"]
    if system and not any(turn.role == "system" for turn in turns):
        turns.insert(0, ChatTurn("system", system))
    if prompt is not None:
        turns.append(ChatTurn("user", prompt))
    return tuple(turns)


async def save_prompt(
    connection: Connection, conversation: Conversation, message_id: UUID, prompt: str
) -> EarlierAnswer | None:
    """Save the user's message; when this id was saved before, return what answers it.

    Raises:
        Conflict: The id is that of another message.
    """
    values = {
        "id": message_id,
        "chat_id": conversation.chat_id,
        "content": prompt,
        "parent_id": conversation.place.prompt_parent,
    }
    cursor = await connection.execute(_SQL.insert_prompt, values)
    if await cursor.fetchone() is not None:
        return None
    cursor = await connection.execute(_SQL.find_prompt, values)
    earlier = await cursor.fetchone()
    if earlier is None or earlier["content"] != prompt or earlier["answer_id"] is None:
        raise Conflict("This messageId was used for another message.")
    return EarlierAnswer(earlier["answer_id"])


async def save_empty_answer(
    connection: Connection,
    chat_id: UUID,
    answer_id: UUID,
    parent_id: UUID,
    metadata: Mapping[str, Any],
) -> EarlierAnswer | None:
    """Save the row of an answer that is about to be written; see `save_prompt`."""
    values = {
        "id": answer_id,
        "chat_id": chat_id,
        "parent_id": parent_id,
        "metadata": Jsonb(dict(metadata), dumps=orjson.dumps),
    }
    cursor = await connection.execute(_SQL.insert_answer, values)
    if await cursor.fetchone() is not None:
        return None
    cursor = await connection.execute(_SQL.find_answer, values)
    if await cursor.fetchone() is None:
        raise Conflict("This messageId was used for another message.")
    return EarlierAnswer(answer_id)
