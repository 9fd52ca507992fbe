"""This server among others: it stores, shows that it lives, and takes over what the dead left.

Every second, in one transaction for all its answers, it stores their text so far and says that it
lives, and hears what others were asked to cancel. A server that is not heard of for twenty seconds
has died: whoever notices first marks its answers. So an answer that lost its server keeps all but
its last second, and is marked within half a minute.
"""

import asyncio
from uuid import uuid4

import orjson
import structlog
from psycopg import Error as DatabaseError
from psycopg.types.json import Jsonb

from backend_functions.chat_request.answer import Answer
from backend_functions.chat_request.interrupted import INTERRUPTED
from backend_functions.chat_request.running import RunningAnswers
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import ServiceError
from backend_functions.stopping import end_task

log = structlog.get_logger(__name__)

_SQL = queries("chat_request")
_BEAT_SECONDS = 1.0
_BEATS_PER_LOOK = 5
_SILENCE_SECONDS = 20.0


class Replica:
    """One server process; its id is new with every start."""

    def __init__(self, database: Database, running: RunningAnswers) -> None:
        self.id = uuid4()
        self._database = database
        self._running = running
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to beat."""
        self._task = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Beat no more."""
        if self._task is not None:
            await end_task(self._task)

    async def _live(self) -> None:
        beats = 0
        while True:
            try:
                if beats % _BEATS_PER_LOOK == 0:
                    await self.take_over()
                if self._running:
                    await self.beat()
            except (DatabaseError, ServiceError) as error:
                log.warning("heartbeat failed", error=str(error))
            beats += 1
            await asyncio.sleep(_BEAT_SECONDS)

    async def beat(self) -> None:
        """Store what was written since the last time, and stop what was asked to be stopped."""
        grown = [(answer, answer.length, answer.text) for answer in self._running.unsaved()]
        thought = [
            (answer, answer.reasoning_length, answer.reasoning)
            for answer in self._running.unsaved_reasoning()
        ]
        async with self._database.as_service() as connection:
            if grown:
                await connection.execute(_SQL.save_texts, {"written": _as_json(grown)})
            if thought:
                await connection.execute(_SQL.save_reasoning, {"written": _as_json(thought)})
            cursor = await connection.execute(_SQL.beat, {"replica_id": self.id})
            rows = await cursor.fetchall()
        for answer, length, _ in grown:
            answer.saved_length = length
        for answer, length, _ in thought:
            answer.saved_reasoning_length = length
        for row in rows:
            if row["is_cancel_requested"]:
                self._running.cancel(row["answer_id"])

    async def take_over(self) -> None:
        """Mark the answers of servers that have died."""
        async with self._database.as_service() as connection:
            cursor = await connection.execute(
                _SQL.take_over,
                {"silence_seconds": _SILENCE_SECONDS, "metadata": Jsonb(INTERRUPTED)},
            )
            for row in await cursor.fetchall():
                log.warning("took over an answer of a dead server", answer=str(row["id"]))


def _as_json(written: list[tuple[Answer, int, str]]) -> str:
    """Return texts as one value: a list of them costs the driver more than all else in a beat."""
    rows = [{"id": answer.id, "content": text} for answer, _, text in written]
    return orjson.dumps(rows).decode()
