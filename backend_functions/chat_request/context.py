"""What fits into a model's window: a rule, and the arithmetic behind it.

The rule: system prompts and the newest turn always; of the others the newest, whole turns only, as
long as they fit beside the room kept for the answer; what is left begins with a turn of the user.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend_functions.providers.base import Attachment, ChatTurn, Image
from backend_functions.providers.turns import is_text

_TOKENS_PER_TURN = 4
_TOKENS_PER_BYTE = 0.35
"""Where no provider has told: English is near 0.25, code and other scripts lie above."""

_PICTURE_BYTES = 4_000
"""Providers count 700 to 1,600 tokens for a picture."""
_PDF_BYTES_PER_TEXT_BYTE = 10


def fit_turns(
    turns: Sequence[ChatTurn], *, window_tokens: int, answer_tokens: int, tokens_per_byte: float
) -> tuple[ChatTurn, ...]:
    """Return the turns that are sent, oldest first; the last of `turns` is the prompt.

    Args:
        window_tokens: What the model can hold, its answer included.
        answer_tokens: What the answer may take; never more than a quarter of a window is kept.
        tokens_per_byte: As `measure_tokens_per_byte` gives it.
    """
    budget = window_tokens - min(answer_tokens, window_tokens // 4)
    sizes = [_TOKENS_PER_TURN + count_bytes([turn]) * tokens_per_byte for turn in turns]
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
        len(turn.text.encode(errors="replace")) + sum(map(_text_worth, turn.attachments))
        for turn in turns
    )


def _text_worth(attachment: Attachment) -> int:
    if isinstance(attachment, Image):
        return _PICTURE_BYTES
    return len(attachment.data) // (1 if is_text(attachment) else _PDF_BYTES_PER_TEXT_BYTE)


def measure_tokens_per_byte(answers: Iterable[Mapping[str, Any]]) -> float:
    """Return what the provider itself counted for the newest answer that says so.

    Args:
        answers: Metadata of the chat's answers, oldest first.
    """
    ratio = _TOKENS_PER_BYTE
    for metadata in answers:
        tokens, size = metadata.get("input_tokens"), metadata.get("input_bytes")
        if isinstance(tokens, int) and isinstance(size, int) and size >= 200:
            ratio = tokens / size
    return min(max(ratio, 0.05), 1.5)
