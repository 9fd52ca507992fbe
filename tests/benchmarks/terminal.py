"""How fast the terminal app is: against a minimal Textual app, and long chats against short ones.

Everything runs in processes and on a backend of this machine, and prints ratios of one run.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pocketllm_cli.models import Context
from tests.benchmarks import keys, scrolling
from tests.benchmarks.figures import report
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend, serve
from tests.pocketllm_cli.tui.harness import Shown, shown_app

ROUNDS = 5
_ANSWER = "Some **bold** words, `code` and\n\n- a list\n- of two\n\n```python\nprint(1)\n```\n"
_MINIMAL = """
import os
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        for number in range({count}):
            yield Static(str(number))
    def on_ready(self):
        os._exit(0)
Minimal().run(headless=True, size=(120, 40))
"""
_OWN = """
import os, sys
from pathlib import Path
from pocketllm_cli.app import App
from pocketllm_cli.console import Console
from pocketllm_cli.invocation import Invocation
from pocketllm_cli.tui import opening
from pocketllm_cli.tui.app import TerminalApp
run = TerminalApp.run_async
def run_headless(self, **options):
    return run(self, headless=True, size=(120, 40))
def on_ready(self):
    # Not ru_maxrss, which counts what the measuring process had before this one was this program.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    megabytes = int(status["VmHWM"].split()[0]) / 1024
    print(len(self.screen.walk_children()) + 1, megabytes, file=sys.stderr, flush=True)
    os._exit(0)
TerminalApp.run_async, TerminalApp.on_ready = run_headless, on_ready
invocation = Invocation()
opening.open_terminal_app(App(invocation, Console(invocation)))
"""


def main() -> None:
    backend = FakeBackend()
    backend.add_model("gpt", is_default=True)
    serve(backend)
    try:
        _first_frame(backend)
        short, long = _fill(backend, 50), _fill(backend, 5000)
        asyncio.run(_opening(backend, short, long))
        asyncio.run(_idle(backend))
    finally:
        backend.stop()
    keys.main()
    scrolling.main()


def _first_frame(backend: FakeBackend) -> None:
    """Both are started as installed programs are: with their modules compiled."""
    own, minimal = [], []
    with tempfile.TemporaryDirectory() as compiled:
        environment = dict(os.environ) | {"PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for number in range(ROUNDS + 1):
            count, seconds, megabytes = _run_own(backend, environment)
            least = _run(["-c", _MINIMAL.format(count=count)], environment)
            if number:  # the first round compiles, and warms the disk cache
                own.append(seconds)
                minimal.append(least)
    ratio = statistics.median(own) / statistics.median(minimal)
    name = f"first frame, against a Textual app of {count} widgets"
    report(name, ratio, limit=2, at_most=True)
    report("memory at the first frame", megabytes, limit=60, at_most=True, unit=" MB")


def _run_own(backend: FakeBackend, environment: dict[str, str]) -> tuple[int, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        own = {
            "POCKETLLM_HOME": folder,
            "POCKETLLM_URL": backend.url,
            "POCKETLLM_ANON_KEY": KEY,
            "POCKETLLM_ACCESS_TOKEN": "token",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _OWN],
            capture_output=True,
            text=True,
            check=True,
            env=environment | own,
        )
        seconds = time.perf_counter() - began
    count, megabytes = done.stderr.split()
    return int(count), seconds, float(megabytes)


def _run(arguments: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def _fill(backend: FakeBackend, count: int) -> str:
    chat = backend.add_chat(f"{count} messages")
    for number in range(count):
        role = "assistant" if number % 2 else "user"
        backend.add_message(chat["id"], role, _ANSWER if number % 2 else f"Question {number}?")
    return str(chat["id"])


async def _opening(backend: FakeBackend, short: str, long: str) -> None:
    """Time from the choice of a chat until its last message is a widget on the screen."""
    times: dict[str, list[float]] = {short: [], long: []}
    context = Context("environment", backend.url, KEY)
    for number in range(ROUNDS + 1):
        for chat_id in (short, long):
            with tempfile.TemporaryDirectory() as folder:
                async with shown_app(context, Path(folder), size=(120, 40)) as it:
                    seconds = await _time_opening(it, chat_id)
            if number:
                times[chat_id].append(seconds)
    ratio = statistics.median(times[long]) / statistics.median(times[short])
    report("opening 5,000 messages, against 50", ratio, limit=1.5, at_most=True)


async def _time_opening(it: Shown, chat_id: str) -> float:
    await it.until(lambda: it.screen.status.connection == "online")
    chat = next(chat for chat in it.screen.chat_list._all if chat.id == chat_id)
    began = time.perf_counter()
    it.screen.open_chat(chat)
    while not it.texts or it.screen.conversation.views[-1].size.height == 0:
        await asyncio.sleep(0.001)
    return time.perf_counter() - began


async def _idle(backend: FakeBackend) -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = Context("environment", backend.url, KEY)
        async with shown_app(context, Path(folder), size=(120, 40)) as it:
            await it.until(lambda: it.screen.status.connection == "online")
            await asyncio.sleep(1)
            cpu, began = time.process_time(), time.perf_counter()
            await asyncio.sleep(5)
            share = 100 * (time.process_time() - cpu) / (time.perf_counter() - began)
    report("processor time while idle", share, limit=1, at_most=True, unit=" %")


if __name__ == "__main__":
    main()
