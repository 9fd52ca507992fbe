"""A sign on stderr that something is being waited for; it leaves no trace."""

import asyncio
from contextlib import suppress
from typing import Final

from pocketllm_cli.console import Console

_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES: Final = "-\\|/"
_FIRST_SECONDS: Final = 0.4
_FRAME_SECONDS: Final = 0.1


class Spinner:
    """Turns until it is stopped; a short wait is not worth showing.

    Args:
        text: What is waited for.
    """

    def __init__(self, console: Console, text: str) -> None:
        self._console = console
        self._text = text
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to turn, on a terminal where narration is wanted."""
        if self._console.can_animate:
            self._task = asyncio.create_task(self._turn())

    def stop(self) -> None:
        """Stop and take it away; again is fine."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._console.show_briefly("")

    async def _turn(self) -> None:
        await asyncio.sleep(_FIRST_SECONDS)
        frames = _FRAMES if self._console.speaks_unicode else _PLAIN_FRAMES
        with suppress(OSError):
            while True:
                for frame in frames:
                    self._console.show_briefly(f"{frame} {self._text}")
                    await asyncio.sleep(_FRAME_SECONDS)
