"""The life of one answer: from the provider's stream to the stored row, whatever happens."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from random import SystemRandom
from typing import Any, TypeVar

import orjson
import structlog
from psycopg import Error as DatabaseError
from psycopg.types.json import Jsonb

from backend_functions.chat_request.answer import Answer
from backend_functions.chat_request.remote import as_message, find_row
from backend_functions.chat_request.sources import as_records, with_sources
from backend_functions.configured_provider import Search
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import (
    NotFound,
    ProviderError,
    ProviderIncomplete,
    ProviderUnreachable,
    ServiceError,
    Unavailable,
)
from backend_functions.providers.base import (
    ChatProvider,
    ChatRequest,
    Finished,
    ReasoningDelta,
    TextDelta,
)
from backend_functions.providers.failures import is_retryable
from backend_functions.providers.prices import price_of
from backend_functions.settings import Limits
from backend_functions.types import Caller

log = structlog.get_logger(__name__)

_SQL = queries("chat_request")
Result = TypeVar("Result")

_SAVE_ATTEMPTS = 6
_RETRIES = 2
_MAX_WAIT_SECONDS = 30.0

_jitter = partial(SystemRandom().uniform, 0.5, 1.5)


class AnswerWriter:
    """Writes one answer: into itself for its readers, and into its row."""

    def __init__(
        self,
        answer: Answer,
        *,
        caller: Caller,
        database: Database,
        limits: Limits,
        metadata: Mapping[str, Any],
        base_url: str | None = None,
    ) -> None:
        self._answer = answer
        self._caller = caller
        self._database = database
        self._limits = limits
        self._metadata = dict(metadata)
        self._base_url = base_url
        self._began = time.monotonic()
        self._has_begun = False

    async def write(
        self, provider: ChatProvider, request: ChatRequest, search: Search | None = None
    ) -> None:
        """Take the provider's stream to its end and store what came of it.

        Never raises for what a provider or the database does: the end is in the row and in the
        last event. A cancelled writer stores what there is: as `cancelled` when its user asked
        for that, else as `interrupted`.
        """
        try:
            status, failure = await self._take(provider, request, search)
        except asyncio.CancelledError:
            if self._answer.is_cancel_requested:
                status, failure = "cancelled", None
            else:
                status, failure = "interrupted", Unavailable("The server was stopped.")
        await self._finish(status, failure)

    async def _take(
        self, provider: ChatProvider, request: ChatRequest, search: Search | None
    ) -> tuple[str, ServiceError | None]:
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                if search is not None:
                    request = await self._search(search, request)
                taken = await self._with_retries(lambda: self._take_events(provider, request))
                return taken, None
        except TimeoutError:
            return "incomplete", ProviderIncomplete("The answer took too long and was cut off.")
        except ProviderError as error:
            broke_off = isinstance(error, ProviderIncomplete) or self._answer.length > 0
            return ("incomplete" if broke_off else "failed"), error
        except Exception as error:  # the last guard: a fault of ours must not lose the text so far
            log.error("answer failed", answer=str(self._answer.id), exc_info=error)
            return "failed", ServiceError()

    async def _search(self, search: Search, request: ChatRequest) -> ChatRequest:
        """Search for what was asked, tell the readers what was found, and pass it on."""
        sources = await self._with_retries(lambda: search(request.turns[-1].text))
        self._metadata["sources"] = as_records(sources)
        self._answer.add_event("sources", self._metadata["sources"])
        self._answer.announce()
        return with_sources(request, sources)

    async def _with_retries(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask again, twice at most, when a provider was busy before it said anything."""
        for attempt in range(_RETRIES):
            try:
                return await ask()
            except ProviderError as error:
                wait = max(error.retry_after_seconds or 0.0, 0.5 * 3**attempt * _jitter())
                if self._has_begun or not is_retryable(error) or wait > _MAX_WAIT_SECONDS:
                    raise
                log.info("asking again", attempt=attempt + 1, wait=wait, code=error.code)
                self._metadata["retries"] = self._metadata.get("retries", 0) + 1
                await asyncio.sleep(wait)
        return await ask()

    async def _take_events(self, provider: ChatProvider, request: ChatRequest) -> str:
        answer, status = self._answer, "complete"
        stream = provider.stream(request)
        pieces = aiter(stream)
        try:
            async with asyncio.timeout(self._limits.first_token_seconds) as patience:
                async for events in pieces:
                    for event in events:
                        if isinstance(event, TextDelta):
                            if not answer.length:
                                patience.reschedule(None)
                                self._note_first_token()
                            answer.add_text(event.text)
                        elif isinstance(event, ReasoningDelta):
                            self._has_begun = True
                            patience.reschedule(None)
                            answer.add_reasoning(event.text)
                        else:
                            self._note_end(event)
                            if event.reason == "length":
                                status = "truncated"
                    answer.announce()
                    if answer.length > self._limits.max_answer_characters:
                        status = "truncated"
                        break
        except TimeoutError as error:
            raise ProviderUnreachable(detail="no first token in time") from error
        finally:
            await stream.aclose()  # type: ignore[attr-defined]  # every adapter is a generator
        return status

    def _note_first_token(self) -> None:
        self._has_begun = True
        self._metadata["first_token_ms"] = round((time.monotonic() - self._began) * 1000)

    def _note_end(self, end: Finished) -> None:
        self._metadata["finish_reason"] = end.reason
        if end.input_tokens is not None and end.output_tokens is not None:
            self._metadata["input_tokens"] = end.input_tokens
            self._metadata["output_tokens"] = end.output_tokens
            self._metadata["total_tokens"] = end.input_tokens + end.output_tokens
        for name in ("cached_input_tokens", "reasoning_tokens"):
            if (count := getattr(end, name)) is not None:
                self._metadata[name] = count
        cost = price_of(
            self._metadata["provider"],
            self._metadata["model"],
            end.input_tokens,
            end.output_tokens,
            end.cached_input_tokens,
            base_url=self._base_url,
        )
        if cost is not None:
            self._metadata["cost_usd"] = float(cost)

    async def _finish(self, status: str, failure: ServiceError | None) -> None:
        self._metadata["status"] = status
        self._metadata["total_ms"] = round((time.monotonic() - self._began) * 1000)
        if failure is not None:
            log.info(
                "answer ended", status=status, code=failure.code, detail=failure.detail_for_log
            )
            self._metadata["error"] = {"code": failure.code, "message": failure.message}
        if self._answer.reasoning:
            self._metadata["reasoning"] = self._answer.reasoning
        row = await self._store_at_last()
        answer = self._answer
        if row is None:
            message = "The answer could not be saved."
            failure = failure or Unavailable(message)
        if failure is None:
            answer.close("done", {"message": row}, row)
        else:
            event = {
                "code": failure.code,
                "message": failure.message,
                "assistant_message_id": answer.id,
            }
            answer.close("failed", event, row)

    async def _store_at_last(self) -> dict[str, Any] | None:
        """Store the end; tries again while the database is away, since the text is only here."""
        values = {"content": self._answer.text, "metadata": Jsonb(self._metadata)}
        for attempt in range(_SAVE_ATTEMPTS):
            try:
                return await self._store_end(values)
            except (DatabaseError, ServiceError) as error:
                log.warning("save failed", answer=str(self._answer.id), error=str(error))
                await asyncio.sleep(min(0.25 * 2**attempt, 4.0))
        return None

    async def _store_end(self, values: dict[str, Any]) -> dict[str, Any] | None:
        stored = await self._database.call_as_user(
            _SQL.finish_answer, self._caller, answer_id=self._answer.id, **values
        )
        if stored is not None:
            message: dict[str, Any] = orjson.loads(stored)
            return message
        return await self._find_saved(values["content"])

    async def _find_saved(self, text: str) -> dict[str, Any] | None:
        """Return the row if an attempt that seemed to fail has stored this very end."""
        try:
            row = await find_row(self._database, self._caller, self._answer.id)
        except NotFound:
            return None
        if row["content"] != text or row["metadata"] != self._metadata:
            return None
        return as_message(row)
