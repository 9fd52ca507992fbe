"""Chats to ask in, and a reader of the event stream."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from tests.backend_functions.conftest import Functions, Person
from tests.support.upstream import Upstream

Event = tuple[str, Any]
Ask = Callable[..., Awaitable[list[Event]]]


@pytest.fixture
def make_chat(functions: Functions, upstream: Upstream) -> Callable[..., Awaitable[UUID]]:
    """Make a chat whose config names the given upstream model."""

    async def make(person: Person, model: str = "any", **config: Any) -> UUID:
        columns = {
            "name": uuid4().hex,
            "provider": "openai-compatible",
            "base_url": upstream.base_url,
            "model": model,
            **config,
        }
        async with functions.services.database.as_user(person.caller) as connection:
            names, marks = ", ".join(columns), ", ".join(f"%({name})s" for name in columns)
            cursor = await connection.execute(
                f"insert into public.model_configs ({names}) values ({marks})"  # noqa: S608
                " returning id".encode(),
                columns,
            )
            row = await cursor.fetchone()
            assert row is not None
            cursor = await connection.execute(
                "insert into public.chats (title, model_config_id) values ('t', %s) returning id",
                (row["id"],),
            )
            row = await cursor.fetchone()
            assert row is not None
        chat_id: UUID = row["id"]
        return chat_id

    return make


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Read our event stream; by bytes, since U+2028 in a text ends no line."""
    pending, name = b"", ""
    async for piece in pieces:
        *lines, pending = (pending + piece).split(b"\n")
        for line in lines:
            field, _, value = line.partition(b": ")
            if field == b"event":
                name = value.decode()
            elif field == b"data":
                yield name, orjson.loads(value)


async def ask(person: Person, chat_id: UUID, prompt: str | None = "hi", **body: Any) -> list[Event]:
    request = {"chatId": str(chat_id), "prompt": prompt, **body}
    async with person.http.stream(
        "POST",
        "/functions/v1/chat-request",
        json=request,
        headers={"accept": "text/event-stream"},
    ) as response:
        if response.status_code != 200:
            await response.aread()
            return [("error", response.json()["error"])]
        return [event async for event in read_events(response.aiter_bytes())]


def text_of(events: list[Event]) -> str:
    return "".join(data["text"] for name, data in events if name == "delta")
