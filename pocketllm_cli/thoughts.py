"""What a model thinks before it answers: faint on stderr, and only where a person watches."""

from pocketllm_cli.console import Console
from pocketllm_cli.sanitize import Sanitizer


class Thoughts:
    """Shows reasoning until the answer begins; what comes later would stand amid its text."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sanitizer = Sanitizer(for_terminal=True)
        self._is_wanted = console.can_murmur
        self._has_begun = False

    def show(self, text: str) -> None:
        """Take the next piece."""
        if self._is_wanted:
            self._has_begun = True
            self._console.murmur(self._sanitizer.feed(text))

    def end(self) -> None:
        """End the line: the answer begins, or nothing more comes."""
        if self._has_begun:
            self._console.murmur(self._sanitizer.finish())
            self._console.narrate("\n")
        self._is_wanted = self._has_begun = False
