"""How long a key takes to show while an answer streams, on a real terminal.

The app runs as `pocketllm` does, on a pty; keys are typed into it, and the clock stops when the
terminal was sent the character. Each key is another character, of which the answer has none, so
what is read tells which key it was that showed.
"""

import os
import select
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.figures import report
from tests.pocketllm_cli.fake_answers import Stream
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend, serve
from tests.support.terminal import Terminal, terminal_running

TOKENS, TOKEN_SECONDS = 4000, 0.01
LEAST_PAUSE, MOST_PAUSE = 0.04, 0.16
"""Seconds between keys: about as fast as people type, and out of step with everything else."""
HISTORY = 200
_GOLDEN = 0.618034
_PART = (
    "## Part {number}\n\n"
    + "A paragraph as models write them, of some length, with **bold** words and `code`. " * 4
    + "\n\n- a list\n- of a few\n- points that say *something*\n\n"
    + "```python\ndef area(radius: float) -> float:\n    return 3.14 * radius * radius\n```\n\n"
    + "| name | takes | gives |\n|---|---|---|\n"
    + "| area | a `float` | the area of a circle |\n| len | a list | how long it is |\n\n"
)


def main() -> None:
    backend = FakeBackend()
    backend.add_model("gpt", is_default=True)
    serve(backend)
    try:
        for name, history in (("", 0), (f", behind {HISTORY} messages", HISTORY)):
            delays = sorted(_delays(backend, history))
            print(
                f"  {len(delays)} keys{name}, processor ours {processor_share():.0f} %: median"
                f" {statistics.median(delays):.0f} ms, p90 {delays[len(delays) * 9 // 10]:.0f},"
                f" longest {delays[-1]:.0f}"
            )
            p99 = delays[len(delays) * 99 // 100]
            what = f"a key while 100 tokens a second arrive{name}, p99"
            report(what, p99, limit=50, at_most=True, unit=" ms")
    finally:
        backend.stop()


def processor_share() -> float:
    """Return what a busy process gets of a processor here and now, in percent."""
    began, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < 0.5:
        pass
    return 50 / (time.perf_counter() - began)


def answer_parts() -> Iterator[str]:
    """Yield as many tokens as an answer has: words with the blank behind them."""
    count, number = 0, 0
    while True:
        number += 1
        for word in _PART.format(number=number).split(" "):
            yield word + " "
            count += 1
            if count == TOKENS:
                return


def _delays(backend: FakeBackend, history: int) -> list[float]:
    """Type through a whole answer and return how long each key took, in ms."""
    is_over = threading.Event()

    def script(stream: Stream) -> None:
        stream.start()
        offset, due = 0, time.monotonic()
        for piece in answer_parts():
            offset += len(piece)
            stream.text([piece], offset - len(piece))
            due += TOKEN_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))
        is_over.set()
        stream.end()

    backend.script = script
    chat = backend.add_chat("Typing")
    for number in range(history):
        role = "assistant" if number % 2 else "user"
        text = _PART.format(number=number) if number % 2 else f"Question {number}?"
        backend.add_message(chat["id"], role, text)
    with app_running(backend) as terminal:
        terminal.until(lambda page: "online" in page and "Typing" in page)
        terminal.type("Tell me\r")
        terminal.until(lambda page: "Part 2" in page)
        delays = []
        for number, letter in enumerate(filter(str.isalpha, map(chr, range(0x100, 0x1F00)))):
            if is_over.is_set():
                break
            delays.append(_press(terminal.master, letter))
            share = number * _GOLDEN % 1  # spread evenly, and never in step
            _read_on(terminal.master, LEAST_PAUSE + share * (MOST_PAUSE - LEAST_PAUSE))
    backend.script = None
    return delays


@contextmanager
def app_running(backend: FakeBackend, *arguments: str) -> Iterator[Terminal]:
    """Run the app on a terminal of its own, over a backend and in an empty home."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "POCKETLLM_HOME": folder,
            "POCKETLLM_URL": backend.url,
            "POCKETLLM_ANON_KEY": KEY,
            "POCKETLLM_ACCESS_TOKEN": "token",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        command = [str(Path(sys.executable).with_name("pocketllm")), *arguments]
        with terminal_running(command, environment, columns=120, lines=40) as terminal:
            yield terminal


def _press(terminal: int, letter: str) -> float:
    """Press a key; return the milliseconds until the terminal was sent its letter."""
    wanted, read = letter.encode(), b""
    began = time.perf_counter()
    os.write(terminal, wanted)
    while wanted not in read:
        if not select.select([terminal], [], [], 10)[0]:
            raise TimeoutError(f"{letter} never showed")
        read = read[-4:] + os.read(terminal, 65536)
    return (time.perf_counter() - began) * 1000


def _read_on(terminal: int, seconds: float) -> None:
    """Take what is painted meanwhile."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        if select.select([terminal], [], [], left)[0]:
            os.read(terminal, 65536)


if __name__ == "__main__":
    main()
