"""Ctrl-C, SIGTERM and SIGHUP while an answer is being written: the first asks, the second ends.

The first signal cancels the task that is at work, which then has time to put things in order; the
second one ends the process at once, whatever it is doing.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType
from typing import Any, Final

from pocketllm_cli.errors import HungUp, Stopped, Terminated

_KINDS: Final[dict[str, type[Stopped]]] = {
    "SIGINT": Stopped,
    "SIGTERM": Terminated,
    "SIGHUP": HungUp,  # not on Windows
}


class StopSignals:
    """The signals of one task; `outcome` is what to say of what was done about the first one."""

    def __init__(self) -> None:
        self.outcome: str | None = None
        self._kind: type[Stopped] | None = None
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()

    @property
    def is_stopping(self) -> bool:
        """Whether a signal has come."""
        return self._kind is not None

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Catch the signals that are not ignored, as `nohup` makes a program ignore SIGHUP."""
        before: dict[int, Any] = {}
        for name in _KINDS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.getsignal(number)
                self._wake_the_loop(number)
                signal.signal(number, self._take)
        try:
            yield
        finally:
            for number, handler in before.items():
                with suppress(NotImplementedError):
                    self._loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def _wake_the_loop(self, number: int) -> None:
        """Let this signal end the loop's wait for something to happen.

        A handler alone does not: a signal that comes just before the wait begins, or that the
        system gives to another thread, interrupts nothing, and Python runs the handler only when
        something else happens. On Windows the loop sees to it itself.
        """
        with suppress(NotImplementedError):
            self._loop.add_signal_handler(number, int)

    def stopped(self) -> Stopped:
        """Return the error that says so."""
        assert self._kind is not None
        return self._kind(self.outcome)

    def _take(self, number: int, frame: FrameType | None) -> None:
        kind = _KINDS[signal.Signals(number).name]
        if self._kind is not None:
            os._exit(kind.exit_code)
        self._kind = kind
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)


@asynccontextmanager
async def stoppable() -> AsyncIterator[StopSignals]:
    """Let signals cancel the block.

    Raises:
        Stopped: A signal came.
    """
    signals = StopSignals()
    with signals.caught():
        try:
            yield signals
            if signals.is_stopping:
                await asyncio.sleep(0)  # the cancellation is on its way
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not signals.is_stopping or task is None:
                raise
            task.uncancel()
            raise signals.stopped() from None
