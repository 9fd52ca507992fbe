"""What fits into a model's window: a rule, and the arithmetic behind it.

The rule: system prompts and the newest turn always; of the others the newest, whole turns only, as
long as they fit beside the room kept for the answer; what is left begins with a turn of the user.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend_functions.providers.base import Attachment, ChatTurn, Image
from backend_functions.providers.turns import is_text

_TOKENS_PER_TURN = 4
TOKENS_PER_BYTE = 0.35
"""Where no provider has told: English is near 0.25, code and other scripts lie above."""

_PICTURE_BYTES = 4_000
"""Providers count 700 to 1,600 tokens for a picture."""
_PDF_BYTES_PER_TEXT_BYTE = 10


@dataclass(frozen=True, slots=True)
class Room:
    """What a model can be told in one question."""

    window_tokens: int
    """What it can hold, its answer included."""
    answer_tokens: int
    """What the answer may take; never more than a quarter of a window is kept."""
    tokens_per_byte: float
    """As `measure_tokens_per_byte` gives it."""

    @property
    def budget(self) -> int:
        """The tokens there are for turns."""
        return self.window_tokens - min(self.answer_tokens, self.window_tokens // 4)

    def size(self, turn: ChatTurn) -> float:
        """Return the tokens that a turn takes."""
        return _TOKENS_PER_TURN + count_bytes([turn]) * self.tokens_per_byte

    def holds(self, turns: Iterable[ChatTurn]) -> bool:
        """Tell whether turns fit, all together."""
        return sum(map(self.size, turns)) <= self.budget


def fit_turns(turns: Sequence[ChatTurn], room: Room) -> tuple[ChatTurn, ...]:
    """Return the turns that are sent, oldest first; the last of `turns` is the prompt."""
    budget = room.budget
    sizes = [room.size(turn) for turn in turns]
    last = len(turns) - 1
    kept = {i for i, turn in enumerate(turns) if turn.role == "system"} | {last}
    used = sum(sizes[i] for i in kept)
    for i in range(last - 1, -1, -1):
        if i in kept:
            continue
        used += sizes[i]
        if used > budget:
            break
        kept.add(i)
    chosen = [turn for i, turn in enumerate(turns) if i in kept]
    return tuple(_without_loose_answer(chosen))


def _without_loose_answer(turns: list[ChatTurn]) -> list[ChatTurn]:
    first = next((i for i, turn in enumerate(turns) if turn.role != "system"), None)
    if first is not None and turns[first].role == "assistant":
        del turns[first]
    return turns


def count_bytes(turns: Iterable[ChatTurn]) -> int:
    """Return the bytes of text in turns; a picture counts as the text that costs as much."""
    return sum(
        len(turn.text.encode(errors="replace")) + sum(map(text_worth, turn.attachments))
        for turn in turns
    )


def text_worth(attachment: Attachment) -> int:
    """Return the bytes of text that cost as much as an attachment."""
    if isinstance(attachment, Image):
        return _PICTURE_BYTES
    return len(attachment.data) // (1 if is_text(attachment) else _PDF_BYTES_PER_TEXT_BYTE)


def measure_tokens_per_byte(answers: Iterable[Mapping[str, Any]]) -> float:
    """Return what the provider itself counted for the newest answer that says so.

    Args:
        answers: Metadata of the chat's answers, oldest first.
    """
    ratio = TOKENS_PER_BYTE
    for metadata in answers:
        tokens, size = metadata.get("input_tokens"), metadata.get("input_bytes")
        if isinstance(tokens, int) and isinstance(size, int) and size >= 200:
            ratio = tokens / size
    return min(max(ratio, 0.05), 1.5)
