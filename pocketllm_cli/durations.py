"""Lengths of time as people write and read them: `90s`, `2h`, `1h30m`, `7d`; pure."""

import re
from typing import Final

from pocketllm_cli.errors import UsageProblem

_PART: Final = re.compile(r"(\d{1,9})\s*([smhdw])", re.IGNORECASE | re.ASCII)
_WHOLE: Final = re.compile(r"(?:\d{1,9}\s*[smhdw]\s*)+", re.IGNORECASE | re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WORDS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def parse_duration(text: str, *, most_seconds: int) -> int:
    """Return how many seconds a text means, from 1 to as many as may be.

    Raises:
        UsageProblem: It is no length of time, none at all, or too long.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise UsageProblem(
            f"“{text}” is no length of time.", hint="Give one as 90s, 15m, 2h, 7d or 1h30m."
        )
    seconds = sum(int(number) * _SECONDS[unit.lower()] for number, unit in _PART.findall(text))
    if not 1 <= seconds <= most_seconds:
        most = duration_told(most_seconds)
        raise UsageProblem(f"“{text}” is too {'long' if seconds else 'short'}.",
                           hint=f"Give a length of time from 1 second to {most}.")  # fmt: skip
    return seconds


def duration_told(seconds: float) -> str:
    """Return a length of time in the largest units that tell it, two at most."""
    rest = max(round(seconds), 0)
    parts = []
    for word, size in _WORDS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {word}{'s' if count > 1 else ''}")
    return " ".join(parts[:2]) or "0 seconds"


def clock_told(seconds: float) -> str:
    """Return a length of time that is running, short: `9 s`, `2 min 05 s`, `1 h 02 min`."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02} min"
