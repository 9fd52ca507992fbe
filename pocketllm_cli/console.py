"""The only module that writes: results to stdout, everything else to stderr."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from pocketllm_cli.errors import (
    OutputProblem,
    PocketLLMError,
    ReaderGone,
    Stopped,
    UsageProblem,
)
from pocketllm_cli.invocation import Invocation

if TYPE_CHECKING:
    from pocketllm_cli.columns import Page

T = TypeVar("T")

Pager = Callable[[str], bool]
"""Shows a text in a program of its own; False if that could not be started."""


class Console:
    """Speaks to the person or program that started us.

    stdout is data. stderr is narration, warnings and errors. Text from outside is cleaned of
    terminal control sequences on its way; JSON is escaped instead.
    """

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._brief = ""
        self._line_is_open = False
        self._make_room: Callable[[], None] | None = None
        self.find_pager: Callable[[], Pager | None] = lambda: None
        """Says with what a text longer than the screen is shown."""
        for stream in (sys.stdout, sys.stderr):
            _never_fail_to_encode(stream)

    @property
    def is_terminal(self) -> bool:
        """Say whether stdout is a terminal."""
        return _is_terminal(sys.stdout)

    @property
    def can_ask(self) -> bool:
        """Say whether there is a person to answer a question."""
        return _is_terminal(sys.stdin) and _is_terminal(sys.stderr) and not self._invocation.as_json

    @property
    def can_murmur(self) -> bool:
        """Say whether a person watches stderr and wants to know what goes on."""
        return _is_terminal(sys.stderr) and not (self._invocation.quiet or self._invocation.as_json)

    @property
    def can_animate(self) -> bool:
        """Say whether a line on stderr can be taken back."""
        return self.can_murmur and self._invocation.has_cursor

    @property
    def speaks_unicode(self) -> bool:
        """Say whether stderr takes every character."""
        return _is_unicode(getattr(sys.stderr, "encoding", None) or "ascii")

    @property
    def page(self) -> "Page":
        """Return where text for people goes."""
        from pocketllm_cli.columns import Page  # not for `--version` and `--help`

        return Page(_terminal_width() if self.is_terminal else None)

    def emit(self, result: T, human: Callable[[T, "Page"], str]) -> None:
        """Print a result: as JSON for programs, else as text for people."""
        if self._invocation.as_json:
            self.write_json(result, indent=2)
        else:
            self.write_pages(self._cleaned(human(result, self.page)))

    def say(self, text: str) -> None:
        """Print a sentence that is the whole result for a person; JSON callers get it on stderr."""
        if self._invocation.as_json:
            self.narrate(text)
        else:
            self.write_line(text)

    def write_json(self, result: Any, *, indent: int | None = None) -> None:
        """Print a value as JSON; without `indent` as one line."""
        from pocketllm_cli.safe_json import to_json  # not for `--version` and `--help`

        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        self.write(to_json(result, indent=indent, ascii_only=not _is_unicode(encoding)) + "\n")

    def write_line(self, text: str) -> None:
        """Print text of several lines, cleaned."""
        self.write(self._cleaned(text))

    def write_pages(self, text: str) -> None:
        """Print text that is clean; on a terminal through a pager if it is longer than that."""
        is_watched = self.is_terminal and _is_terminal(sys.stdin) and not self._invocation.no_pager
        pager = self.find_pager() if is_watched and _is_longer_than_screen(text) else None
        if pager is None or not pager(text):
            self.write(text)

    def write(self, text: str) -> None:
        """Send text to stdout at once, as it is.

        Raises:
            ReaderGone: Nobody reads any more.
            OutputProblem: It cannot be written.
        """
        self._line_is_open = not text.endswith("\n") if text else self._line_is_open
        self._send(lambda: sys.stdout.write(text))

    def write_bytes(self, data: bytes) -> None:
        """Send bytes to stdout at once, as they are: never to a terminal.

        Raises:
            ReaderGone | OutputProblem: As for `write`.
        """
        self._send(lambda: sys.stdout.buffer.write(data))

    def _send(self, write: Callable[[], object]) -> None:
        if sys.stdout is None:
            raise OutputProblem("Standard output is closed.")
        self.show_briefly("")
        try:
            write()
            sys.stdout.flush()
        except BrokenPipeError as error:
            _drop_output()
            raise ReaderGone from error
        except OSError as error:
            _drop_output()
            reason = os.strerror(error.errno or errno.EIO)
            raise OutputProblem(f"The output could not be written: {reason}.") from error

    def show_briefly(self, text: str) -> None:
        """Show a line on stderr until something else is shown; nothing takes it away at once."""
        if (text or self._brief) and sys.stderr is not None:
            self._brief = text
            with suppress(OSError, ValueError):
                print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def murmur(self, text: str) -> None:
        """Put a piece of a line on stderr, faintly where that can be; clean already."""
        self.show_briefly("")
        if text and self._invocation.has_cursor:
            text = f"\x1b[2m{text}\x1b[22m"
        if sys.stderr is not None:
            with suppress(OSError, ValueError):
                print(text, end="", file=sys.stderr, flush=True)

    @contextmanager
    def room_made_by(self, make_room: Callable[[], None]) -> Iterator[None]:
        """Within the block, call this before anything is said on stderr."""
        self._make_room = make_room
        try:
            yield
        finally:
            self._make_room = None

    def narrate(self, text: str) -> None:
        """Tell a person what is going on, unless they want quiet."""
        if not self._invocation.quiet:
            self._tell(text)

    def warn(self, text: str) -> None:
        """Tell a person something they must know."""
        self._tell(text)

    def report(self, error: PocketLLMError) -> None:
        """Say what failed, and what to do next where we know."""
        if self._invocation.has_two_contexts or self._invocation.context_name is not None:
            error.name_context(in_message=self._invocation.has_two_contexts)
        if self._invocation.as_json:
            from pocketllm_cli.safe_json import to_json  # only for programs

            body = {"code": error.code, "message": error.message, "hint": error.hint}
            self._tell(to_json(body, indent=None, ascii_only=True))
            return
        if isinstance(error, Stopped):
            self.narrate(error.message)
            return
        self._tell(f"error: {error.message}\nhint: {error.hint}")

    def confirm(self, question: str, *, yes: bool, danger: str = "This deletes something.") -> bool:
        """Ask before something is done that cannot be undone; `danger` says what that is.

        Raises:
            UsageProblem: There is nobody to ask, and `--yes` was not given.
        """
        if yes:
            return True
        if not self.can_ask:
            raise UsageProblem(danger, hint="Confirm with `--yes`.")
        return self.ask_line(f"{question} [y/N]").strip().lower() in {"y", "yes"}

    def ask_line(self, question: str) -> str:
        """Ask a person for one line; an end of input counts as Ctrl-C."""
        print(_clean(question), end=" ", file=sys.stderr, flush=True)
        return self._answer(sys.stdin.readline).rstrip("\r\n")

    def ask_secret(self, question: str) -> str:
        """Ask a person for a line that is not shown."""
        import getpass  # only where somebody types a password

        prompt = f"{_clean(question)} "
        return self._answer(lambda: getpass.getpass(prompt, stream=sys.stderr) + "\n").rstrip("\n")

    def _cleaned(self, text: str) -> str:
        return _clean(text, for_terminal=self.is_terminal).rstrip("\n") + "\n"

    def _answer(self, read: Callable[[], str]) -> str:
        try:
            if line := read():
                return line
        except EOFError:
            pass
        except KeyboardInterrupt:
            self._tell("")  # what comes next begins on a line of its own
            raise
        self._tell("")
        raise KeyboardInterrupt

    def _tell(self, text: str) -> None:
        if sys.stderr is None:
            return
        self.show_briefly("")
        if self._make_room is not None:
            self._make_room()
        shares_terminal = self._line_is_open and self.is_terminal and _is_terminal(sys.stderr)
        with suppress(OSError):  # nobody is left to be told
            print("\n" * shares_terminal + _clean(text), file=sys.stderr, flush=True)
        self._line_is_open = self._line_is_open and not shares_terminal


def _drop_output() -> None:
    """Let what is still unwritten vanish, so that the interpreter's end is quiet too."""
    with suppress(OSError, ValueError, AttributeError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)


def _clean(text: str, *, for_terminal: bool = True) -> str:
    from pocketllm_cli.sanitize import clean_text  # not for `--version`

    return clean_text(text, for_terminal=for_terminal)


def _never_fail_to_encode(stream: TextIO | None) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _is_unicode(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") in {"utf8", "utf16", "utf32"}


def _terminal_width() -> int:
    return _terminal_size()[0]


def _terminal_size() -> tuple[int, int]:
    """Return columns and lines."""
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        columns, lines = 0, 0
    return columns or 80, lines or 24  # a terminal that was never told its size says 0


def _is_longer_than_screen(text: str) -> bool:
    columns, lines = _terminal_size()
    return sum(max(-(-len(line) // columns), 1) for line in text.split("\n")) > lines
