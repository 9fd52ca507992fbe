"""Doing something the moment this process is told to stop, before whoever else stops it."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def before_stop(action: Callable[[], Coroutine[object, object, None]]) -> Iterator[None]:
    """Run an action in this event loop on the signals that stop a server, then stop as before.

    Uvicorn waits for open streams before it ends an app's lifespan, so an app that ended its
    streams only there would be waited for until they ended by themselves.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    tasks: set[asyncio.Task[None]] = set()

    def begin() -> None:
        tasks.add(loop.create_task(action()))

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)
        if callable(handler := before[signal.Signals(number)]):
            handler(number, frame)

    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
