"""Titles of chats: made from a question, or checked as given."""

from typing import Final

from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.sanitize import clean_text

_MOST_TYPED: Final = 120
_MOST_MADE: Final = 60


def title_from(text: str) -> str:
    """Return the first line that says anything, at most 60 characters long."""
    for line in clean_text(text, for_terminal=False).split("\n"):
        if words := " ".join(line.split()):
            return words if len(words) <= _MOST_MADE else f"{words[: _MOST_MADE - 1].rstrip()}…"
    return "New chat"


def check_title(text: str) -> str:
    """Return the title without control characters and needless blanks.

    Raises:
        UsageProblem: Nothing is left, or too much.
    """
    title = " ".join(clean_text(text, for_terminal=False).split())
    if not 1 <= len(title) <= _MOST_TYPED:
        raise UsageProblem(
            "A title has 1 to 120 characters.", hint='Example: `pocketllm chats new "Oslo"`.'
        )
    return title
