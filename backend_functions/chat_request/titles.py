"""A chat's title, made by the model after the first answer.

Only where the operator wants it (`POCKETLLM_TITLES=model`), since it is one more question to a paid
provider; only for a title that was taken from the prompt; never over one that a person gave.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from psycopg import Error as DatabaseError

from backend_functions.configured_provider import build_request
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import ServiceError
from backend_functions.providers.base import ChatProvider, ChatTurn, TextDelta
from backend_functions.types import Caller

log = structlog.get_logger(__name__)

_SQL = queries("chat_request")
_INSTRUCTION = (
    "Give this conversation a title of at most six words, in its language. Answer with the title"
    " alone."
)
_MAX_CHARACTERS = 80
_MAX_QUOTED = 1500
_MAX_TOKENS = 200
"""Room for a model that thinks before it answers."""
_WAIT_SECONDS = 30.0
_DECORATION = re.compile(r"^[\s#*_\"'“”„«»`]+|[\s*_\"'“”„«»`.]+$")


def clean_title(text: str) -> str | None:
    """Return what a model said as a title: one line without decoration; None if nothing is left."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    line = next((found for found in lines if found), "")
    title = _DECORATION.sub("", "".join(filter(str.isprintable, line)).removeprefix("Title:"))
    if len(title) > _MAX_CHARACTERS:
        title = title[: _MAX_CHARACTERS - 1].rstrip() + "…"
    return title or None


async def ask_for_title(
    provider: ChatProvider, config: Mapping[str, Any], prompt: str, answer: str
) -> str | None:
    """Return the title that the model gives an exchange.

    Raises:
        ProviderError: It was not asked, or broke off.
        TimeoutError: It took too long.
    """
    quoted = f"User: {prompt[:_MAX_QUOTED]}\n\nAssistant: {answer[:_MAX_QUOTED]}"
    turns = (ChatTurn("user", f"{_INSTRUCTION}\n\n{quoted}"),)
    request = replace(build_request(config, turns), max_tokens=_MAX_TOKENS)
    text = ""
    async with asyncio.timeout(_WAIT_SECONDS):
        async for events in provider.stream(request):
            text += "".join(event.text for event in events if isinstance(event, TextDelta))
    return clean_title(text)


async def give_title(
    database: Database,
    caller: Caller,
    chat_id: UUID,
    provider: ChatProvider,
    config: Mapping[str, Any],
    *,
    prompt: str,
    answer: str,
) -> None:
    """Give a chat a title of the model's; what goes wrong leaves it the one it has."""
    try:
        title = await ask_for_title(provider, config, prompt, answer)
        if title is None:
            return
        async with database.as_user(caller) as connection:
            await connection.execute(_SQL.give_title, {"chat_id": chat_id, "title": title})
    except (ServiceError, DatabaseError, TimeoutError) as error:
        log.info("no title was made", chat=str(chat_id), reason=type(error).__name__)
