"""Stopping: what is done before this process stops, what ends when told to, and what not."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")

_PATIENCE_SECONDS = 1.0
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


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task that has nothing to put in order, and return when it has ended.

    It is told again every second: until Python 3.12 `asyncio.wait_for`, in which a task waits for a
    database connection, forgets a cancellation that comes together with what it waits for.

    Raises:
        BaseException: What the task ended with by itself.

    Source: https://github.com/python/cpython/issues/86296
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_PATIENCE_SECONDS)
    if not task.cancelled():
        task.result()


async def to_its_end(work: Coroutine[object, object, Result]) -> Result:
    """Do what must not be left half done, whoever cancels it meanwhile; the cancellation is lost.

    Args:
        work: Has bounds of its own.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()
