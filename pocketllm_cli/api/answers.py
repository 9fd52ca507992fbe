"""Asks a question and yields the answer as it arrives.

The order of events: Started, then Delta, Reasoning and Sources in any number, then exactly one
Done or Failed. A connection that breaks ends in a Failed as well; silence is never a success.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pocketllm_cli.api.event_stream import EventStream, ServerEvent, StreamTooLarge
from pocketllm_cli.api.transport import STREAM_SILENCE_SECONDS, translated_failures
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import BackendUnreachable, ConnectionLost
from pocketllm_cli.models import Message


@dataclass(frozen=True, slots=True)
class Started:
    """The question is stored and the model is asked."""

    user_message_id: str
    assistant_message_id: str
    model: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The next piece of what the model thinks before it answers."""

    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What the answer is based on."""

    sources: list[Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The answer as it was stored."""

    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer, or no whole one."""

    code: str
    message: str
    assistant_message_id: str | None


AnswerEvent = Started | Delta | Reasoning | Sources | Done | Failed
EVENT_NAMES: Final[dict[type[AnswerEvent], str]] = {
    Started: "started",
    Delta: "delta",
    Reasoning: "reasoning",
    Sources: "sources",
    Done: "done",
    Failed: "failed",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Questions to the models, and what comes back."""

    wire: Wire
    log: DebugLog

    async def ask(
        self, chat_id: str, prompt: str, message_id: str
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Send a question to a chat and yield its answer.

        Args:
            message_id: The id of the question's message, made by us: asking twice with it makes
                one question and one answer.

        Raises:
            PocketLLMError: It failed before the first event.
        """
        body = {"chatId": chat_id, "prompt": prompt, "messageId": message_id}
        headers = {"Accept": "text/event-stream"}
        call = Call("functions", "POST", "chat-request", (), body, headers, STREAM_SILENCE_SECONDS)
        assistant_message_id = None
        async with self.wire.stream(call) as response:
            try:
                async for event in self._events(response):
                    if isinstance(event, Started):
                        assistant_message_id = event.assistant_message_id
                    yield event
                    if isinstance(event, Done | Failed):
                        return
            except (BackendUnreachable, StreamTooLarge) as error:
                self.log.exception(error)
        yield Failed(ConnectionLost.code, ConnectionLost.default_message, assistant_message_id)

    async def _events(self, response: Any) -> AsyncGenerator[AnswerEvent, None]:
        stream = EventStream()
        with translated_failures(self.log):
            async for piece in response.aiter_bytes():
                for raw in stream.feed(piece):
                    if (event := parse_event(raw)) is not None:
                        yield event


def parse_event(raw: ServerEvent) -> AnswerEvent | None:
    """Build the event, or None for one that this client does not know.

    Raises:
        BackendUnreachable: Its data is not what the name promises.
    """
    try:
        data = json.loads(raw.data)
        return _PARSERS[raw.name](data) if raw.name in _PARSERS else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackendUnreachable("The backend sent an event that cannot be read.") from error


def _started(data: Mapping[str, Any]) -> Started:
    return Started(
        str(data["user_message_id"]), str(data["assistant_message_id"]), str(data.get("model"))
    )


def _failed(data: Mapping[str, Any]) -> Failed:
    return Failed(
        str(data["code"]), str(data.get("message") or ""), data.get("assistant_message_id")
    )


_PARSERS: Final[dict[str, Any]] = {
    "started": _started,
    "delta": lambda data: Delta(str(data["text"])),
    "reasoning": lambda data: Reasoning(str(data["text"])),
    "sources": lambda data: Sources(list(data)),
    "done": lambda data: Done(Message.from_row(data["message"])),
    "failed": _failed,
}
