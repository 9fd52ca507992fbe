"""Where the app is painted: a terminal that may be closed at any moment.

Textual paints from a thread that ends when a write fails; the app then waits without end for room
in that thread's queue, and goes on as a process that nobody sees.
"""

import os
import signal
from typing import IO

from textual.driver import Driver


class LastingOutput:
    """A terminal's file that takes every write.

    When the terminal is gone the process is told as by the terminal itself: by SIGHUP.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._is_gone = False

    def write(self, text: str) -> int:
        """Write a text, or drop it where there is nobody to read it."""
        if not self._is_gone:
            try:
                return self._file.write(text)
            except OSError:
                self._lose()
        return len(text)

    def flush(self) -> None:
        """Have what was written painted."""
        if not self._is_gone:
            try:
                self._file.flush()
            except OSError:
                self._lose()

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self._file.isatty()

    def _lose(self) -> None:
        self._is_gone = True
        os.kill(os.getpid(), signal.SIGHUP)


def with_lasting_output(base: type[Driver]) -> type[Driver]:
    """Return a driver like this one whose painting outlives the terminal; others as they are."""
    if os.name != "posix":
        return base

    class LastingDriver(base):  # type: ignore[misc, valid-type]
        """Paints on a `LastingOutput`."""

        def __init__(self, *arguments: object, **keywords: object) -> None:
            super().__init__(*arguments, **keywords)
            if "_file" in self.__dict__:
                self.__dict__["_file"] = LastingOutput(self.__dict__["_file"])

    return LastingDriver
