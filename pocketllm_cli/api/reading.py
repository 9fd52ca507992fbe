"""Reads one answer to its end, however often the connection is lost on the way.

The answer belongs to the backend: it goes on without us. So a broken connection is followed by
another one that asks for what comes after the last character received. A question whose first
connection broke before anything came is sent again under the same message id, which makes neither
a second question nor a second answer.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from pocketllm_cli.api.answer_events import AnswerEvent, Done, Failed, parse_event
from pocketllm_cli.api.event_stream import EventStream, ServerEvent, StreamTooLarge
from pocketllm_cli.api.patience import Patience
from pocketllm_cli.api.progress import Progress
from pocketllm_cli.api.transport import (
    STREAM_SILENCE_SECONDS,
    ConnectionBroke,
    NotConnected,
    translated_failures,
)
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import (
    BackendProblem,
    BackendUnreachable,
    ConnectionLost,
    PocketLLMError,
    QuotaExceeded,
)
from pocketllm_cli.models import Message

_PATH: Final = "chat-request"
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """What is asked of a chat.

    `message_id` is the id, made by us, of the message this makes: of the question, or with
    `regenerate` of the answer. `regenerate` is the answer to make another version of, without a
    prompt; `edit` the user message to put the prompt in the place of.
    """

    chat_id: str
    prompt: str | None = None
    message_id: str | None = None
    regenerate: str | None = None
    edit: str | None = None
    searches_web: bool = False
    attachments: tuple[str, ...] = ()
    """Paths of the person's files in the bucket, of this chat."""

    def as_body(self) -> dict[str, Any]:
        """Return it as the backend takes it."""
        body = {
            "chatId": self.chat_id,
            "prompt": self.prompt,
            "messageId": self.message_id,
            "regenerate": self.regenerate,
            "edit": self.edit,
            "webSearch": self.searches_web or None,
            "attachments": list(self.attachments) or None,
        }
        return {name: value for name, value in body.items() if value is not None}


class ReadAnswer:
    """An answer as this client reads it."""

    def __init__(
        self,
        wire: Wire,
        log: DebugLog,
        narrate: Callable[[str], None],
        *,
        request: AnswerRequest | None = None,
        answer_id: str | None = None,
    ) -> None:
        self._wire = wire
        self._log = log
        self._narrate = narrate
        self._request = request
        self._progress = Progress(answer_id)
        self._patience = Patience()
        self._is_asked = answer_id is not None
        self._connected_at: float | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the backend may have been asked."""
        return self._is_asked

    @property
    def has_begun(self) -> bool:
        """Whether the backend is known to have taken the question."""
        return self._progress.answer_id is not None

    async def events(self) -> AsyncGenerator[AnswerEvent, None]:
        """Yield the answer's events to the last one, each once.

        Raises:
            ConnectionLost: For a minute no more of it came.
            PocketLLMError: It was refused, or it is there no more.
        """
        while True:
            self._connected_at = None
            try:
                async with aclosing(self._read_once()) as events:
                    async for event in events:
                        self._patience.renew()
                        yield event
                        if isinstance(event, Done | Failed):
                            return
                raise ConnectionBroke
            except (PocketLLMError, StreamTooLarge, TimeoutError) as error:
                await self._pause_after(error)

    async def cancel(self) -> list[AnswerEvent]:
        """Stop the answer at the backend and return what had not come of it, with its last event.

        Raises:
            PocketLLMError: It could not be told.
        """
        answer_id = self._progress.answer_id
        while self._is_asked and answer_id is None:
            answer_id = await self._find_answer()
        if answer_id is None:
            return []
        call = Call("functions", "POST", f"{_PATH}/{answer_id}/cancel", body={})
        row = await self._wire.ask(call)
        if not isinstance(row, dict):
            raise BackendProblem
        return self._progress.take(Done(Message.from_row(row)))

    async def _read_once(self) -> AsyncGenerator[AnswerEvent, None]:
        async with self._connection() as response:
            self._progress.reconnect()
            stream = EventStream()
            with translated_failures(self._log):
                async for piece in response.aiter_bytes():
                    for raw in stream.feed(piece):
                        for event in self._take(raw):
                            yield event

    def _take(self, raw: ServerEvent) -> list[AnswerEvent]:
        event = parse_event(raw)
        is_position = raw.id is not None and raw.id.isascii() and raw.id.isdigit()
        end = int(raw.id or 0) if is_position else None
        return [] if event is None else self._progress.take(event, end)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Send the question, or ask for the rest of the answer."""
        remaining = self._patience.remaining(time.monotonic()) if self._patience.is_tried else None
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(remaining):
                response = await stack.enter_async_context(self._wire.stream(self._call()))
            self._connected_at = time.monotonic()
            yield response

    def _call(self) -> Call:
        headers = {"Accept": "text/event-stream"}
        if answer_id := self._progress.answer_id:
            headers["Last-Event-ID"] = str(self._progress.characters)
            path = f"{_PATH}/{answer_id}"
            return Call("functions", "GET", path, (), None, headers, STREAM_SILENCE_SECONDS)
        assert self._request is not None, "an answer is asked for or named"
        self._is_asked = True
        body = self._request.as_body()
        return Call("functions", "POST", _PATH, (), body, headers, STREAM_SILENCE_SECONDS)

    async def _pause_after(self, error: Exception) -> None:
        """Wait before the next try.

        Raises:
            PocketLLMError: What went wrong, where trying again cannot help or is not safe.
        """
        self._log.exception(error)
        if not self._may_try_again(error):
            raise self._as_ours(error)
        is_first = not self._patience.is_tried
        pause = self._patience.pause(
            time.monotonic(),
            connected_at=self._connected_at,
            asked=getattr(error, "retry_after_seconds", None),
        )
        if pause is None:
            raise self._as_ours(error)
        if is_first:
            self._narrate("Connection lost; taking the answer up again ...")
        await asyncio.sleep(pause)

    def _may_try_again(self, error: Exception) -> bool:
        is_ours = isinstance(error, PocketLLMError)
        is_refusal = is_ours and not isinstance(error, BackendUnreachable | BackendProblem)
        if self._progress.answer_id or self._patience.is_tried:
            return not is_refusal or type(error) is QuotaExceeded
        was_sent = not is_ours or isinstance(error, ConnectionBroke) or bool(self._connected_at)
        return was_sent and self._request is not None and self._request.message_id is not None

    def _as_ours(self, error: Exception) -> Exception:
        """Return what to tell: where the answer may go on without us, that it does."""
        is_lost = not isinstance(error, PocketLLMError) or isinstance(error, BackendUnreachable)
        may_go_on = self._progress.answer_id or (self._request and not self._request.message_id)
        if is_lost and may_go_on and not isinstance(error, NotConnected):
            return ConnectionLost()
        return error if isinstance(error, PocketLLMError) else ConnectionLost()

    async def _find_answer(self) -> str | None:
        """Return the id of the answer to our question, of which nothing has come yet."""
        if self._request is None or self._request.message_id is None:
            raise ConnectionLost
        column = "id" if self._request.regenerate else "parent_id"
        params = (("select", "id"), (column, f"eq.{self._request.message_id}"))
        rows = await self._wire.ask(Call("tables", "GET", "messages", params))
        if not rows:
            await asyncio.sleep(_LOOK_SECONDS)
        return str(rows[0]["id"]) if rows else None
