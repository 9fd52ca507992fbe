"""An answer that another server writes, or that is written: read from its row."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from backend_functions.chat_request.answer import encode_delta, encode_event, encode_reasoning
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import NotFound
from backend_functions.types import Caller

_SQL = queries("chat_request")
_LOOK_SECONDS = 0.5


async def find_row(database: Database, caller: Caller, answer_id: UUID) -> dict[str, Any]:
    """Return a caller's answer as it is stored now, with `parent_id`.

    Raises:
        NotFound: There is none, or it is somebody else's.
    """
    async with database.as_user(caller) as connection:
        cursor = await connection.execute(
            _SQL.get_answer, {"id": answer_id, "user_id": caller.user_id}
        )
        row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no such answer.")
    return row


class RowAnswer:
    """Reads along by looking at the row, which its writer updates every second.

    A writer that has died is noticed by any other server, which marks the row: so this ends.
    """

    def __init__(self, database: Database, caller: Caller, row: Mapping[str, Any]) -> None:
        self._database = database
        self._caller = caller
        self._row = row

    async def read(self, after: int = 0) -> AsyncIterator[bytes]:
        """Yield the event stream; see `ReadableAnswer`."""
        row, position, thought = self._row, after, 0
        started = {
            "user_message_id": row["parent_id"],
            "assistant_message_id": row["id"],
            "model": (row["metadata"] or {}).get("model"),
        }
        yield encode_event("started", started)
        while True:
            reasoning = str((row["metadata"] or {}).get("reasoning") or "")
            if reasoning[thought:]:
                yield encode_reasoning(reasoning[thought:])
                thought = len(reasoning)
            if new := row["content"][position:]:
                position = len(row["content"])
                yield encode_delta(new, position)
            if not _is_streaming(row):
                yield _last_event(row)
                return
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                row = await find_row(self._database, self._caller, row["id"])
            except NotFound as error:
                failure = {"code": error.code, "message": "The chat was deleted."}
                yield encode_event("failed", failure | {"assistant_message_id": row["id"]})
                return

    async def finished(self) -> Mapping[str, Any] | None:
        """Wait for the end and return the message as stored."""
        row = self._row
        while _is_streaming(row):
            await asyncio.sleep(_LOOK_SECONDS)
            row = await find_row(self._database, self._caller, row["id"])
        return as_message(row)


def as_message(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row as clients know a message."""
    return {name: value for name, value in row.items() if name != "parent_id"}


def _is_streaming(row: Mapping[str, Any]) -> bool:
    return bool((row["metadata"] or {}).get("status") == "streaming")


def _last_event(row: Mapping[str, Any]) -> bytes:
    failure = (row["metadata"] or {}).get("error")
    if failure is not None:
        return encode_event("failed", {**failure, "assistant_message_id": row["id"]})
    return encode_event("done", {"message": as_message(row)})
