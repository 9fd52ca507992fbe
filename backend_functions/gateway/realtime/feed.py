"""Streams committed changes out of PostgreSQL, over its replication protocol.

The slot is temporary: it ends with its connection, so a server that dies holds back no log. Either
side takes the other for dead after a minute of silence, of which PostgreSQL breaks the first half.
Nobody can say what was missed between two slots, so whoever reads must start afresh after a
`FeedLost`.

Source: https://www.postgresql.org/docs/18/protocol-replication.html
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from backend_functions.gateway.realtime.pgoutput import Change, Decoder, Malformed

_MAX_BATCH = 500
_CONNECT_SECONDS = 5
_SILENT_SECONDS = 60


class FeedLost(Exception):
    """The stream ended, or could not begin."""


class Feed:
    """One open stream of changes. What is not read waits in PostgreSQL, not here."""

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._decoder = Decoder()
        self._seen = 0
        """The position in the log up to which everything was read."""

    async def batches(self) -> AsyncIterator[list[Change]]:
        """Yield what has been committed, in order: at most 500 changes at a time, never none.

        Raises:
            FeedLost: The stream ended.
        """
        try:
            while True:
                changes, asked = self._take()
                if changes:
                    yield changes
                if changes or asked:
                    # Only now: what was not handled yet must not be given up by the database.
                    self._confirm()
                if not changes:
                    await _more_input(self._pgconn)
        except (psycopg.Error, Malformed, OSError) as error:
            raise FeedLost(str(error)) from error

    def _take(self) -> tuple[list[Change], bool]:
        """Return the changes that have arrived, and whether an answer is asked for."""
        changes: list[Change] = []
        asked = False
        while len(changes) < _MAX_BATCH:
            size, data = self._pgconn.get_copy_data(1)
            if size == 0:
                break
            if size < 0:
                raise FeedLost("PostgreSQL ended the stream")
            message = bytes(data)
            if message[:1] == b"k":
                (end,) = struct.unpack_from("!Q", message, 1)
                asked = asked or message[17:18] == b"\x01"
            else:
                (end,) = struct.unpack_from("!Q", message, 9)
                if change := self._decoder.decode(message[25:]):
                    changes.append(change)
            self._seen = max(self._seen, end)
        return changes, asked

    def _confirm(self) -> None:
        at = self._seen
        self._pgconn.put_copy_data(b"r" + struct.pack("!QQQqB", at, at, at, 0, 0))
        self._pgconn.flush()


@asynccontextmanager
async def open_feed(url: str, publications: tuple[str, ...]) -> AsyncIterator[Feed]:
    """Give a stream of everything that is committed from now on in these publications.

    Args:
        url: A login with the right to replicate.

    Raises:
        FeedLost: The stream cannot begin.
    """
    try:
        connection = await AsyncConnection.connect(
            url,
            autocommit=True,
            replication="database",
            connect_timeout=_CONNECT_SECONDS,
            options="-c statement_timeout=0 -c timezone=UTC -c datestyle=ISO"
            f" -c wal_sender_timeout={_SILENT_SECONDS}s",
        )
    except (psycopg.Error, OSError) as error:
        raise FeedLost(str(error)) from error
    try:
        await _start(connection, publications)
        yield Feed(connection.pgconn)
    finally:
        # Not `close`, which would wait for nothing: the server ends the slot when it reads this.
        connection.pgconn.finish()


async def _start(connection: AsyncConnection[tuple[object, ...]], names: tuple[str, ...]) -> None:
    slot = sql.Identifier(f"pocketllm_{uuid4().hex}")
    # In capitals: the replication protocol's own grammar knows no others.
    create = "CREATE_REPLICATION_SLOT {} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')"
    start = "START_REPLICATION SLOT {} LOGICAL 0/0 (proto_version '1', publication_names {})"
    pgconn = connection.pgconn
    try:
        await connection.execute(sql.SQL(create).format(slot))
        command = sql.SQL(start).format(slot, sql.Literal(",".join(names)))
        pgconn.send_query(command.as_bytes(connection))
        pgconn.flush()
        while pgconn.is_busy():
            await _more_input(pgconn)
        result = pgconn.get_result()
    except (psycopg.Error, OSError) as error:
        raise FeedLost(str(error)) from error
    if result is None or result.status != ExecStatus.COPY_BOTH:
        raise FeedLost(pgconn.error_message.decode(errors="replace"))


async def _more_input(pgconn: PGconn) -> None:
    """Read what arrives next.

    Raises:
        TimeoutError: Nothing did for a minute.
        psycopg.OperationalError: The connection is lost.
    """
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    number = pgconn.socket
    loop.add_reader(number, arrived.set)
    try:
        async with asyncio.timeout(_SILENT_SECONDS):
            await arrived.wait()
    finally:
        loop.remove_reader(number)
    pgconn.consume_input()
