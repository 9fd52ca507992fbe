"""How smoothly a long chat scrolls on a real terminal while the page key is held."""

import os
import select
import statistics
import time

from tests.benchmarks.figures import report
from tests.benchmarks.keys import app_running, processor_share
from tests.pocketllm_cli.fake_backend import FakeBackend, serve

MESSAGES = 5000
REPEAT_SECONDS = 1 / 30
"""How often a key that is held comes, as terminals usually send it."""
HELD_SECONDS = 5.0
KEYS = {"page up": b"\x1b[5~", "page down": b"\x1b[6~"}
_TO_THE_MESSAGES = "\x1b[1;5A"
_SHORTEST_SILENCE = 0.5
_ANSWER = "Some **bold** words, `code` and\n\n- a list\n- of two\n\n```python\nprint(1)\n```\n"


def main() -> None:
    backend = FakeBackend()
    backend.add_model("gpt", is_default=True)
    serve(backend)
    try:
        chat = backend.add_chat("Long")
        for number in range(MESSAGES):
            role = "assistant" if number % 2 else "user"
            backend.add_message(chat["id"], role, _ANSWER if number % 2 else f"Question {number}?")
        _hold_keys(backend)
    finally:
        backend.stop()


def _hold_keys(backend: FakeBackend) -> None:
    with app_running(backend, "--chat", "last") as terminal:
        terminal.until(lambda page: "online" in page and f"Question {MESSAGES - 2}?" in page)
        terminal.type(_TO_THE_MESSAGES)
        _drain(terminal.master, 1.0)
        for name, key in KEYS.items():
            delays, unanswered = _hold(terminal.master, key)
            print(
                f"  {name} held: {len(delays)} painted, {unanswered} with nothing to paint,"
                f" processor ours {processor_share():.0f} %: median"
                f" {statistics.median(delays):.0f} ms, longest {delays[-1]:.0f}"
            )
            p90 = delays[len(delays) * 9 // 10]
            what = f"{name} held in a chat of {MESSAGES:,} messages, p90"
            report(what, p90, limit=100, at_most=True, unit=" ms")


def _hold(terminal: int, key: bytes) -> tuple[list[float], int]:
    """Hold a key; return the milliseconds from each key to what it painted, shortest first.

    A key that comes while the one before is not painted yet waits for it, as a person would see.
    """
    delays: list[float] = []
    unanswered = 0
    end = time.perf_counter() + HELD_SECONDS
    while (began := time.perf_counter()) < end:
        os.write(terminal, key)
        if select.select([terminal], [], [], _SHORTEST_SILENCE)[0]:
            os.read(terminal, 65536)
            delays.append((time.perf_counter() - began) * 1000)
        else:
            unanswered += 1
        _drain(terminal, began + REPEAT_SECONDS - time.perf_counter())
    return sorted(delays), unanswered


def _drain(terminal: int, seconds: float) -> None:
    """Take what is painted for so long."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        if select.select([terminal], [], [], left)[0]:
            os.read(terminal, 65536)


if __name__ == "__main__":
    main()
