"""The answers this process is writing: found by id, bounded per user, stopped together."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from uuid import UUID

from backend_functions.chat_request.answer import Answer
from backend_functions.errors import TooManyRequests, Unavailable
from backend_functions.open_streams import OpenStreams


class RunningAnswers:
    """Every answer in the making, and the task that writes it."""

    def __init__(
        self,
        streams: OpenStreams,
        *,
        max_per_user: int,
        on_end: Callable[[Answer], None] | None = None,
    ) -> None:
        """Hold at most so many a user; `on_end` hears of every answer that was written."""
        self._streams = streams
        self._max_per_user = max_per_user
        self._on_end = on_end
        self._answers: dict[UUID, Answer] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._per_user: Counter[UUID] = Counter()
        self._is_stopping = False

    def __len__(self) -> int:
        """How many answers are being written."""
        return len(self._answers)

    def reserve(self, answer: Answer) -> None:
        """Make an answer known before its row is: who finds the row finds the answer.

        Raises:
            TooManyRequests: This user has as many running as one may have, or the process has as
                many streams open as it may have.
            Unavailable: The server is stopping.
        """
        if self._is_stopping:
            raise Unavailable
        if self._per_user[answer.user_id] >= self._max_per_user:
            raise too_many_answers()
        self._streams.take(answer.user_id)
        self._per_user[answer.user_id] += 1
        self._answers[answer.id] = answer

    def release(self, answer: Answer) -> None:
        """Forget an answer that is written, or that was never begun."""
        if self._answers.pop(answer.id, None) is not None:
            self._streams.give_back(answer.user_id)
            self._per_user[answer.user_id] -= 1
            if not self._per_user[answer.user_id]:
                del self._per_user[answer.user_id]

    def unsaved(self) -> list[Answer]:
        """Return the answers that have grown since their text was stored."""
        return [a for a in self._answers.values() if a.length > a.saved_length]

    def unsaved_reasoning(self) -> list[Answer]:
        """Return the answers that have thought on since their reasoning was stored."""
        return [
            answer
            for answer in self._answers.values()
            if answer.reasoning_length > answer.saved_reasoning_length
        ]

    def start(self, answer: Answer, writing: Coroutine[object, object, None]) -> None:
        """Write a reserved answer in a task of its own, whoever is or is not reading."""
        task = asyncio.create_task(writing)
        self._tasks[answer.id] = task

        def done(_: asyncio.Task[None]) -> None:
            del self._tasks[answer.id]
            self.release(answer)
            if self._on_end is not None:
                self._on_end(answer)

        task.add_done_callback(done)
        if self._is_stopping:
            # It was reserved just before, and saved meanwhile. After its first step, in which it
            # gets ready to store what there is; a task that never ran stores nothing.
            asyncio.get_running_loop().call_soon(task.cancel)

    def find(self, answer_id: UUID, user_id: UUID) -> Answer | None:
        """Return one of a user's running answers."""
        answer = self._answers.get(answer_id)
        return answer if answer is not None and answer.user_id == user_id else None

    def cancel(self, answer_id: UUID) -> None:
        """Stop an answer that its user wants no more of; what there is of it is kept."""
        if (answer := self._answers.get(answer_id)) and (task := self._tasks.get(answer_id)):
            answer.is_cancel_requested = True
            task.cancel()

    async def stop_all(self) -> None:
        """Interrupt every answer and wait until what there is of it is stored."""
        self._is_stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def too_many_answers() -> TooManyRequests:
    """Return the refusal of one more answer."""
    return TooManyRequests("You have too many answers running. Wait for one to end.")
