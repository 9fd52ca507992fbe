"""A line on stderr that says how far a file has gone over; it leaves no trace."""

import time
from typing import Final

from pocketllm_cli.console import Console
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.sanitize import clean_line

_SMALL_BYTES: Final = 256 * 1024
"""What is gone before anybody could read of it."""
_EVERY_SECONDS: Final = 0.1


class TransferLine:
    """Shows progress on a terminal where narration is wanted, at most ten times a second.

    Args:
        deed: What is done, such as "Uploading".
    """

    def __init__(self, console: Console, deed: str) -> None:
        self._console, self._deed = console, deed
        self._shown_at = float("-inf")

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show how many bytes of how many (-1: nobody knows) have gone over."""
        if not self._console.can_animate or 0 <= total <= _SMALL_BYTES:
            return
        now = time.monotonic()
        if done != total and now - self._shown_at < _EVERY_SECONDS:
            return
        self._shown_at = now
        share = f"{done * 100 // total} % of {size_told(total)}" if total > 0 else size_told(done)
        self._console.show_briefly(f"{self._deed} {clean_line(name)}: {share}")

    def end(self) -> None:
        """Take the line away."""
        self._console.show_briefly("")
