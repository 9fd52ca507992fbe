"""Ids that people type: whole, or the beginning of one."""

import re
from typing import Final
from uuid import UUID

from pocketllm_cli.errors import UsageProblem

_SHORTEST: Final = 4
_DIGITS: Final = 32
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]+")


def id_filters(text: str) -> list[tuple[str, str]] | None:
    """Return the filters that find ids beginning like this, or None if no id can.

    Raises:
        UsageProblem: Fewer than four characters.
    """
    digits = text.strip().lower().replace("-", "")
    if not _HEXADECIMAL.fullmatch(digits) or len(digits) > _DIGITS:
        return None
    if len(digits) < _SHORTEST:
        raise UsageProblem(
            f"“{text}” is too short for an id.", hint="Give at least four characters, or `last`."
        )
    if len(digits) == _DIGITS:
        return [("id", f"eq.{UUID(digits)}")]
    lowest, highest = UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f"))
    return [("id", f"gte.{lowest}"), ("id", f"lte.{highest}")]


def is_whole_id(text: str) -> bool:
    """Say whether a text is an id, not only the beginning of one."""
    digits = text.strip().lower().replace("-", "")
    return len(digits) == _DIGITS and bool(_HEXADECIMAL.fullmatch(digits))
