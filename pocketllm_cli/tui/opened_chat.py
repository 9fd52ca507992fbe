"""What the app knows of one chat: the turns loaded, the answer that runs, the prompts that wait.

Pure: it is told what came and says what is to be shown.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from pocketllm_cli.api.answer_events import (
    AnswerEvent,
    Delta,
    Done,
    Failed,
    Reasoning,
    Sources,
    Started,
)
from pocketllm_cli.models import Chat, Message, Turn
from pocketllm_cli.tui.prompts import Prompt, PromptState

if TYPE_CHECKING:
    from pocketllm_cli.api.shown_branch import BranchPage

STREAMING: Final = "streaming"


@dataclass
class RunningAnswer:
    """An answer while it is read; `key` is what it was asked for by."""

    key: str
    turn: Turn
    prompt: Prompt | None = None
    thoughts: str = ""
    has_begun: bool = False


@dataclass
class OpenedChat:
    """One chat as the app has it; `is_stored` is False until the backend knows it."""

    chat: Chat
    is_stored: bool = True
    stored: list[Turn] = field(default_factory=list)
    older_id: str | None = None
    is_loaded: bool = False
    running: RunningAnswer | None = None
    waiting: list[tuple[Prompt, PromptState]] = field(default_factory=list)

    def shown(self, now: str) -> list[Turn]:
        """Return the turns to show, oldest first."""
        turns = list(self.stored)
        if self.running is not None:
            turns = self._with_running(turns, self.running, now)
        known = {turn.message.id for turn in turns}
        for prompt, state in self.waiting:
            if prompt.message_id not in known and prompt.text is not None:
                turns.append(prompt.as_turn(state, now))
        return turns

    def take_page(self, page: "BranchPage") -> None:
        """Take the end of the branch as it is at the backend now, and keep what leads to it."""
        places = {turn.message.id: place for place, turn in enumerate(self.stored)}
        if page.older_id is not None and page.older_id in places:
            self.stored = [*self.stored[: places[page.older_id] + 1], *page.turns]
        else:
            self.stored, self.older_id = list(page.turns), page.older_id
        self.is_loaded = True

    def take_older(self, page: "BranchPage") -> None:
        """Take what leads to the first turn that is loaded."""
        known = {turn.message.id for turn in self.stored}
        self.stored = [turn for turn in page.turns if turn.message.id not in known] + self.stored
        self.older_id = page.older_id

    def forget(self, message_ids: Collection[str]) -> bool:
        """Take out messages that were deleted; True where the chat must be read to know how it is.

        One that is not among those loaded may be another version of one that is.
        """
        before = len(self.stored)
        if self.older_id in message_ids:  # what leads to it is not known any more
            self.stored, self.older_id = [], None
        self.stored = [turn for turn in self.stored if turn.message.id not in message_ids]
        return len(self.stored) < before or any(turn.versions > 1 for turn in self.stored)

    def begin(self, prompt: Prompt, now: str) -> None:
        """Note that a prompt is asked."""
        self.drop_waiting(prompt.message_id)
        answer_id = prompt.message_id if prompt.regenerate else f"answer-to-{prompt.message_id}"
        self.running = RunningAnswer(prompt.message_id, _empty(answer_id, prompt, now), prompt)

    def follow(self, answer: Turn) -> None:
        """Note that an answer which was asked for elsewhere is read."""
        message = replace(answer.message, content="")
        self.running = RunningAnswer(message.id, replace(answer, message=message), has_begun=True)

    def take(self, event: AnswerEvent) -> None:
        """Take an event of the answer that runs."""
        running = self.running
        assert running is not None
        message = running.turn.message
        metadata: dict[str, Any] = dict(message.metadata or {})
        match event:
            case Started():
                running.has_begun = True
                metadata = {"status": STREAMING, "model": event.model}
                message = replace(message, id=event.assistant_message_id, metadata=metadata)
            case Delta():
                message = replace(message, content=message.content + event.text)
            case Reasoning():
                running.thoughts += event.text
            case Sources():
                metadata["sources"] = event.sources
                message = replace(message, metadata=metadata)
            case Done():
                message = event.message
            case Failed():
                metadata["error"] = {"code": event.code, "message": event.message}
                metadata["status"] = "incomplete" if message.content else "failed"
                message = replace(message, metadata=metadata)
        running.turn = replace(running.turn, message=message)

    def end(self, now: str) -> None:
        """Keep what came of the answer as if it was stored; a page that comes says how it is."""
        if self.running is not None:
            self.stored = self._with_running(self.stored, self.running, now)
            self.running = None

    def drop_waiting(self, message_id: str) -> None:
        """Forget a prompt that waits."""
        self.waiting = [each for each in self.waiting if each[0].message_id != message_id]

    def waiting_prompt(self, message_id: str) -> Prompt | None:
        """Return the prompt that waits under this id."""
        return next((each for each, _ in self.waiting if each.message_id == message_id), None)

    def take_back(self, prompt: Prompt) -> Prompt | None:
        """Forget a prompt that waits; return the one, if any, that makes the chat in its stead."""
        self.drop_waiting(prompt.message_id)
        if prompt.new_title is None or not self.waiting:
            return None
        first, state = self.waiting[0]
        self.waiting[0] = replace(first, new_title=prompt.new_title), state
        return self.waiting[0][0]

    def has_arrived(self, message_id: str) -> bool:
        """Say whether the backend has a message that is shown."""
        if (running := self.running) and message_id in (running.key, running.turn.message.id):
            return running.has_begun
        return self.waiting_prompt(message_id) is None

    def wait(self, prompt: Prompt, state: PromptState) -> None:
        """Let a prompt wait, behind those that do."""
        self.drop_waiting(prompt.message_id)
        self.waiting.append((prompt, state))

    def next_waiting(self) -> Prompt | None:
        """Return the prompt that is asked when nothing runs."""
        return self.waiting[0][0] if self.waiting and self.running is None else None

    def _with_running(self, turns: list[Turn], running: RunningAnswer, now: str) -> list[Turn]:
        prompt, answer = running.prompt, running.turn
        turns = [turn for turn in turns if turn.message.id != answer.message.id]
        if prompt is not None and (prompt.edit or prompt.regenerate):
            turns = _up_to(turns, prompt.edit or prompt.regenerate)
        known = {turn.message.id for turn in turns}
        if prompt is not None and prompt.text is not None and prompt.message_id not in known:
            turns.append(prompt.as_turn(None if running.has_begun else "sending", now))
        return [*turns, answer]


def _up_to(turns: list[Turn], message_id: str | None) -> list[Turn]:
    """Return the turns before a message, all where it is not among them."""
    for place, turn in enumerate(turns):
        if turn.message.id == message_id:
            return turns[:place]
    return turns


def _empty(answer_id: str, prompt: Prompt, now: str) -> Turn:
    message = Message(answer_id, prompt.chat_id, "assistant", "", {"status": STREAMING}, now)
    return Turn(message, prompt.parent_id, version=1, versions=1, is_shown=True)
