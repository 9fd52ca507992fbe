"""Questions to the models, and the answers that are being written."""

from collections.abc import Callable
from dataclasses import dataclass

from pocketllm_cli.api.reading import AnswerRequest, ReadAnswer
from pocketllm_cli.api.wire import Wire
from pocketllm_cli.debug_log import DebugLog


@dataclass(frozen=True, slots=True)
class Answers:
    """Begins answers and takes them up.

    Args:
        narrate: Tells the person when a connection was lost.
    """

    wire: Wire
    log: DebugLog
    narrate: Callable[[str], None]

    def ask(self, request: AnswerRequest) -> ReadAnswer:
        """Return the answer to a question; it is asked when the events are read."""
        return ReadAnswer(self.wire, self.log, self.narrate, request=request)

    def follow(self, answer_id: str) -> ReadAnswer:
        """Return an answer that was begun elsewhere, from its first character."""
        return ReadAnswer(self.wire, self.log, self.narrate, answer_id=answer_id)
