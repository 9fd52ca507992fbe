"""An answer while it is being written: its text so far, and whoever is reading along.

The answer belongs to the server. Readers come and go; what they are sent is kept as frames of the
event stream, so that each costs one encoding however many read it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol
from uuid import UUID

import orjson

MAX_REASONING_CHARACTERS = 100_000
"""What a model thinks beyond that is neither told nor kept."""
_PIECE_BYTES = 64 * 1024
_PIECE_CHARACTERS = 16 * 1024


def encode_event(name: str, data: object) -> bytes:
    """Return one server-sent event; what `data` holds cannot end it early."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data))


def encode_delta(text: str, offset: int) -> bytes:
    """Return the event for a piece of text; `offset` is the answer's length after it."""
    return b'id: %d\nevent: delta\ndata: {"text":%b}\n\n' % (offset, orjson.dumps(text))


def encode_reasoning(text: str) -> bytes:
    """Return the event for a piece of reasoning; nothing when there is none."""
    return encode_event("reasoning", {"text": text}) if text else b""


class ReadableAnswer(Protocol):
    """An answer that can be read, whoever writes it."""

    def read(self, after: int = 0) -> AsyncIterator[bytes]:
        """Yield its event stream, without the first `after` characters of its text; reasoning is
        told from its beginning."""

    async def finished(self) -> Mapping[str, Any] | None:
        """Wait for its end and return the message as stored; None when it is not."""


class Answer:
    """One running answer. Only its writer calls `add_*` and `close`."""

    def __init__(self, answer_id: UUID, *, user_id: UUID, chat_id: UUID) -> None:
        self.id = answer_id
        self.user_id = user_id
        self.chat_id = chat_id
        self.length = 0
        """Characters so far."""
        self.row: Mapping[str, Any] | None = None
        """The message as stored at the end; None until then, and when it could not be stored."""
        self.is_closed = False
        self.is_cancel_requested = False
        self.saved_length = 0
        """How much of the text is in the row."""
        self.reasoning_length = 0
        self.saved_reasoning_length = 0
        self._parts: list[str] = []
        self._thoughts: list[str] = []
        self._frames: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def text(self) -> str:
        """All of the text so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def reasoning(self) -> str:
        """What the model thought so far, apart from its answer."""
        if len(self._thoughts) > 1:
            self._thoughts = ["".join(self._thoughts)]
        return self._thoughts[0] if self._thoughts else ""

    def add_reasoning(self, text: str) -> None:
        """Append a piece of what the model thinks, as far as there is room."""
        text = text[: MAX_REASONING_CHARACTERS - self.reasoning_length].replace("\0", "\ufffd")
        if text:
            self._thoughts.append(text)
            self.reasoning_length += len(text)
            self.add_event("reasoning", {"text": text})

    def add_text(self, text: str) -> None:
        """Append a piece of the answer; readers see it after `announce`."""
        self._parts.append(text)
        self.length += len(text)
        self._frames.append(encode_delta(text, self.length))

    def add_event(self, name: str, data: object) -> None:
        """Append an event that is no text."""
        self._frames.append(encode_event(name, data))

    def announce(self) -> None:
        """Wake the readers: there is something new."""
        waiting, self._waiting = self._waiting, []
        for reader in waiting:
            if not reader.done():
                reader.set_result(None)

    def close(self, name: str, data: object, row: Mapping[str, Any] | None) -> None:
        """Append the last event; nothing may follow it."""
        self.add_event(name, data)
        self.row, self.is_closed = row, True
        self.announce()

    async def read(self, after: int = 0) -> AsyncIterator[bytes]:
        """Yield the event stream to its end, as much at a time as there is, in bounded pieces.

        A piece that was yielded waits in the connection's buffer: of a reader who has stopped, no
        more than that is held. Who resumes (`after` > 0) is told all of the reasoning, the text
        they lack, and then what follows.
        """
        position = 0
        if after > 0 and self._frames:
            position = len(self._frames) - self.is_closed
            text = self.text  # not a part of it, which would be a copy for each reader
            yield self._frames[0] + encode_reasoning(self.reasoning)
            for begin in range(after, len(text), _PIECE_CHARACTERS):
                end = min(begin + _PIECE_CHARACTERS, len(text))
                yield encode_delta(text[begin:end], end)
        while True:
            if position < len(self._frames):
                piece, position = self._piece_from(position)
                yield piece
            elif self.is_closed:
                return
            else:
                await self._next_change()

    def _piece_from(self, position: int) -> tuple[bytes, int]:
        """Return the frames from a position on, as far as a piece goes, and the position after."""
        frames, size, end = self._frames, 0, position
        while end < len(frames) and size < _PIECE_BYTES:
            size += len(frames[end])
            end += 1
        return b"".join(frames[position:end]), end

    async def finished(self) -> Mapping[str, Any] | None:
        """Wait for the end and return the message as stored."""
        while not self.is_closed:
            await self._next_change()
        return self.row

    async def _next_change(self) -> None:
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(change)
        await change
