"""Says whether the terminal's background is light, from its answer or the environment.

Source: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html (OSC 11)
"""

import re
from typing import Final

from pocketllm_cli.settings import TerminalSettings

_COLOUR: Final = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})", re.I
)
_WEIGHTS: Final = (0.2126, 0.7152, 0.0722)


def is_background_light(settings: TerminalSettings, answer: bytes) -> bool | None:
    """Return whether the background is light; None where nobody says so.

    Args:
        answer: What the terminal answered, see `terminal_answers`.
    """
    return settings.is_light if settings.is_light is not None else brightness(answer)


def brightness(answer: bytes) -> bool | None:
    """Return whether the colour in a terminal's answer is light; None where there is none."""
    match = _COLOUR.search(answer)
    if match is None:
        return None
    parts = [int(part, 16) / (16 ** len(part) - 1) for part in match.groups()]
    return sum(map(float.__mul__, parts, _WEIGHTS)) > 0.5
