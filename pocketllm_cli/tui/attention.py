"""Calls a person who looks elsewhere: by a notice of the desktop where the terminal passes one on.

Source: https://iterm2.com/documentation-escape-codes.html (OSC 9), which kitty, WezTerm and Ghostty
take too; https://codeberg.org/dnkl/foot (OSC 777, first in rxvt-unicode).
"""

from typing import Final, Literal

from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.settings import TerminalSettings

NotifyWay = Literal["auto", "bell", "off"]
NOTIFY_WAYS: Final[tuple[NotifyWay, ...]] = ("auto", "bell", "off")
"""A notice where the terminal is known to take one and else the bell; the bell; nothing."""

_BELL: Final = "\x07"
_MOST: Final = 80


def attention_sequence(title: str, way: str, settings: TerminalSettings) -> str:
    """Return what is sent to the terminal when an answer in a chat is there.

    Args:
        title: The chat's; nothing in it can end the sequence or begin another part of it.
    """
    if way == "off":
        return ""
    text = clean_line(title)[:_MOST].replace(";", ",")
    if way == "bell" or settings.notices is None:
        return _BELL
    if settings.notices == "osc777":
        return f"\x1b]777;notify;PocketLLM;Answered: {text}\x1b\\"
    return f"\x1b]9;PocketLLM answered: {text}\x1b\\"
