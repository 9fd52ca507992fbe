"""What an empty composer says: as much as its width holds."""

from collections.abc import Mapping
from typing import Final

from pocketllm_cli.tui.keys import key_of

_WORDINGS: Final = (
    "Ask anything. {send} sends, {line} makes a line, @ names a file, / a command.",
    "Ask anything. {send} sends, {line} makes a line, @ file, / command.",
    "Ask anything. {line} makes a line, @ file, / command.",
    "Ask anything. {line}: new line.",
    "Ask anything.",
)


def placeholder_for(width: int, changed_keys: Mapping[str, str]) -> str:
    """Return the longest wording that fits, with the keys as they are."""
    send = key_of("composer.send", changed_keys)
    line = key_of("composer.newline", changed_keys)
    told = [wording.format(send=send, line=line) for wording in _WORDINGS]
    return next((text for text in told if len(text) <= width), told[-1])
