"""The conversation a question belongs to, read and begun with the caller's own rights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg.errors import ConfigurationLimitExceeded, UniqueViolation
from psycopg.types.json import Jsonb

from backend_functions.chat_request.attachments import EarlierFiles
from backend_functions.chat_request.body import ChatRequestBody
from backend_functions.chat_request.running import too_many_answers
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import Conflict, NotConfigured, NotFound
from backend_functions.providers.base import Attachment, ChatTurn
from backend_functions.types import Caller

_SQL = queries("chat_request")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tree of a chat's messages the new ones go.

    `prompt_parent` is what the new prompt hangs under: None leaves it to the tip, a message's own
    id makes it a first one. `answer_parent` is set when there is no new prompt.
    """

    prompt_parent: UUID | None = None
    answer_parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat, the config it is answered with, and the messages so far, oldest first."""

    chat_id: UUID
    config: Mapping[str, Any]
    sealed_key: str | None
    place: Place
    messages: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What is saved when an answer begins: its own row, and that of the prompt if there is one."""

    id: UUID
    message_id: UUID
    prompt: str | None
    place: Place
    metadata: Mapping[str, Any]
    attachments: Sequence[Mapping[str, Any]] = ()
    """What the prompt's row says of its files."""

    @property
    def parent_id(self) -> UUID:
        """What is answered."""
        return self.place.answer_parent or self.message_id


async def load_conversation(
    database: Database,
    caller: Caller,
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
    question = await _load(
        database,
        caller,
        body.chat_id,
        max_messages=max_messages,
        named_id=body.edit or body.regenerate,
        named_role="user" if body.edit else "assistant",
    )
    return Conversation(
        body.chat_id,
        question["config"],
        question["sealed_key"],
        _find_place(question, body, message_id),
        question["messages"] or (),
    )


async def load_config(
    database: Database, caller: Caller, chat_id: UUID
) -> tuple[Mapping[str, Any], str | None]:
    """Return the config that the caller's chat is answered with, and its key as it is stored.

    Raises:
        NotFound: There is no such chat, or it is somebody else's.
        NotConfigured: Neither the chat nor the user has a model config.
    """
    question = await _load(database, caller, chat_id, max_messages=1)
    return question["config"], question["sealed_key"]


async def _load(
    database: Database,
    caller: Caller,
    chat_id: UUID,
    *,
    max_messages: int,
    named_id: UUID | None = None,
    named_role: str = "user",
) -> dict[str, Any]:
    text = await database.call_as_user(
        _SQL.load_question,
        caller,
        chat_id=chat_id,
        named_id=named_id,
        named_role=named_role,
        max_messages=max_messages,
    )
    if text is None:
        raise NotFound("There is no such chat.")
    question: dict[str, Any] = orjson.loads(text)
    config = question["config"]
    if config["config_id"] is None:
        raise NotConfigured("You have no model config yet.")
    question["config"] = config | {"config_id": UUID(config["config_id"])}
    return question


def _find_place(question: Mapping[str, Any], body: ChatRequestBody, message_id: UUID) -> Place:
    if body.edit is None and body.regenerate is None:
        return Place()
    parent = question["named_parent_id"] and UUID(question["named_parent_id"])
    if question["named_id"] is None or (body.regenerate and parent is None):
        raise NotFound("There is no such message in this chat.")
    if body.regenerate:
        return Place(answer_parent=parent)
    return Place(prompt_parent=parent or message_id)


def build_turns(
    config: Mapping[str, Any],
    messages: Sequence[Mapping[str, Any]],
    prompt: str | None,
    files: Sequence[Attachment] = (),
    earlier_files: Mapping[str, EarlierFiles] | None = None,
) -> tuple[ChatTurn, ...]:
    """Return what the model could be told, the prompt last.

    Args:
        files: What goes with the prompt.
        earlier_files: What goes with earlier messages, by their ids.

    A system message of the chat takes the place of the config's system prompt. A turn without
    text (an answer that failed) is left out.
    """
    turns = [_turn(row, earlier_files or {}) for row in messages if row["content"]]
    system = config["system_prompt"]
    if system and not any(turn.role == "system" for turn in turns):
        turns.insert(0, ChatTurn("system", system))
    if prompt is not None:
        turns.append(ChatTurn("user", prompt, tuple(files)))
    return tuple(turns)


def _turn(row: Mapping[str, Any], files: Mapping[str, EarlierFiles]) -> ChatTurn:
    own = files.get(row["id"])
    if own is None:
        return ChatTurn(row["role"], row["content"])
    return ChatTurn(row["role"], own.note() + row["content"], own.attachments)


def _json(value: Mapping[str, Any]) -> Jsonb:
    return Jsonb(value, dumps=orjson.dumps)


async def save_beginning(
    database: Database,
    caller: Caller,
    conversation: Conversation,
    new: NewAnswer,
    *,
    replica_id: UUID,
    max_running: int,
) -> UUID | None:
    """Save prompt and empty answer together, and who writes it.

    Returns:
        None, or the answer that an earlier request with the same message id has begun.

    Raises:
        Conflict: The id is that of another message.
        TooManyRequests: The user has `max_running` answers in the making, on all servers.
    """
    try:
        earlier: UUID | None = await database.call_as_user(
            _SQL.begin_answer,
            caller,
            chat_id=conversation.chat_id,
            prompt_id=new.message_id,
            prompt=new.prompt,
            prompt_metadata=_json({"attachments": new.attachments}) if new.attachments else None,
            prompt_parent_id=new.place.prompt_parent,
            answer_id=new.id,
            answer_parent_id=new.parent_id,
            metadata=_json(dict(new.metadata)),
            replica_id=replica_id,
            max_running=max_running,
        )
    except UniqueViolation as error:
        raise Conflict("This messageId was used for another message.") from error
    except ConfigurationLimitExceeded as error:
        raise too_many_answers() from error
    return earlier
