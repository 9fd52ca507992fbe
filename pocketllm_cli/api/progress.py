"""How far an answer has come, over however many connections it is read."""

from dataclasses import replace

from pocketllm_cli.api.answer_events import (
    AnswerEvent,
    Delta,
    Done,
    Failed,
    Reasoning,
    Sources,
    Started,
)
from pocketllm_cli.api.transport import ConnectionBroke


class Progress:
    """Lets through what has not come before: nothing twice, and nothing left out.

    The position is the number of characters of text so far; each piece says where it ends.
    """

    def __init__(self, answer_id: str | None = None) -> None:
        self.answer_id = answer_id
        self.characters = 0
        self._has_started = False
        self._has_sources = False
        self._thoughts = 0
        """Characters of reasoning so far."""
        self._repeated_thoughts = 0
        """How many of them this connection will tell once more."""

    def reconnect(self) -> None:
        """Note that what comes next comes over a new connection, from the position on."""
        # The text goes on where it was, the reasoning is told from its beginning.
        self._repeated_thoughts = self._thoughts

    def take(self, event: AnswerEvent, end: int | None = None) -> list[AnswerEvent]:
        """Return what is new in an event.

        Args:
            end: The length of the text after a Delta, if the backend tells it.

        Raises:
            ConnectionBroke: A piece before this one was lost.
        """
        if isinstance(event, Started):
            return self._take_start(event)
        if isinstance(event, Delta):
            return self._take_text(event, end)
        if isinstance(event, Reasoning):
            return self._take_thought(event)
        if isinstance(event, Sources):
            is_new, self._has_sources = not self._has_sources, True
            return [event] if is_new else []
        if isinstance(event, Done):
            return [*self._take_rest(event), event]
        assert isinstance(event, Failed)
        return [replace(event, assistant_message_id=event.assistant_message_id or self.answer_id)]

    def _take_start(self, event: Started) -> list[AnswerEvent]:
        is_new, self._has_started = not self._has_started, True
        self.answer_id = event.assistant_message_id
        return [event] if is_new else []

    def _take_text(self, event: Delta, end: int | None) -> list[AnswerEvent]:
        start = self.characters if end is None else end - len(event.text)
        if start > self.characters:
            raise ConnectionBroke
        text = event.text[self.characters - start :]
        self.characters += len(text)
        return [Delta(text)] if text else []

    def _take_thought(self, event: Reasoning) -> list[AnswerEvent]:
        text = event.text[self._repeated_thoughts :]
        self._repeated_thoughts -= len(event.text) - len(text)
        self._thoughts += len(text)
        return [Reasoning(text)] if text else []

    def _take_rest(self, event: Done) -> list[AnswerEvent]:
        """Return the end of the stored text if it did not come in pieces."""
        content = event.message.content or ""
        return self._take_text(Delta(content), len(content)) if content else []
