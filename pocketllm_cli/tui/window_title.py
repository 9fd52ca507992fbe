"""The title of the terminal's window, and the old one afterwards."""

from typing import Final

from pocketllm_cli.sanitize import clean_line

KEEP: Final = "\x1b[22;2t"
"""Asks the terminal to remember its title."""
RESTORE: Final = "\x1b[23;2t"
_MOST: Final = 80


def title_sequence(title: str) -> str:
    """Return what sets the title; nothing in it can end the sequence or begin another."""
    return f"\x1b]2;{clean_line(title)[:_MOST]} - PocketLLM\x07"
