"""Tokens that arrive one at a time: CPU an event, delay a token, memory an answer, first token."""

import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from backend_functions.embedded.ports import free_port
from tests.benchmarks.figures import report
from tests.benchmarks.streaming import wait_for_port
from tests.support.backend import BackendUser, RunningBackend, running_backend

STAMP = re.compile(rb'"(?:text|content)":"<(\d+\.\d+)>"')
TOKENS, PAUSE = 200, 0.05
USERS = 20
FIRST_TOKENS = 60

Call = tuple[str, bytes, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A paced provider, an instant one, a relay of the first, and our backend before both."""

    paced: str
    instant: str
    relay_url: str
    relay: psutil.Process
    backend: RunningBackend
    users: list[BackendUser]
    configs: list[str]

    @property
    def server(self) -> psutil.Process:
        return psutil.Process(self.backend.process.pid)

    def question(self, number: int, config: str | None = None) -> Call:
        user = self.users[number % USERS]
        chat = user.add_chat(config or self.configs[number % USERS])
        headers = {
            "authorization": f"Bearer {user.token}",
            "accept": "text/event-stream",
            "content-type": "application/json",
        }
        body = json.dumps({"chatId": chat, "prompt": "go"}).encode()
        return f"{self.backend.url}/functions/v1/chat-request", body, headers


def set_up(stack: ExitStack) -> Stage:
    paced, instant, relay_port = free_port(), free_port(), free_port()
    upstream = f"http://127.0.0.1:{paced}"
    commands = [
        ["paced_upstream", str(paced), str(TOKENS), str(PAUSE)],
        ["paced_upstream", str(instant), "1", "0"],
        ["relay", str(relay_port), f"{upstream}/"],
    ]
    for module, *arguments in commands:
        process = subprocess.Popen([sys.executable, "-m", f"tests.benchmarks.{module}", *arguments])
        stack.callback(process.kill)
    wait_for_port(relay_port)
    backend = stack.enter_context(running_backend())
    users = [backend.sign_up(f"u{number}@example.com") for number in range(USERS)]
    return Stage(
        paced=upstream,
        instant=f"http://127.0.0.1:{instant}",
        relay_url=f"http://127.0.0.1:{relay_port}/",
        relay=psutil.Process(process.pid),
        backend=backend,
        users=users,
        configs=[user.add_config(base_url=f"{upstream}/v1", model="m") for user in users],
    )


async def open_call(call: Call) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url, body, headers = call
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {address.path or '/'} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    return reader, writer


async def read_delays(call: Call) -> list[float]:
    """Return the seconds each token took from the provider to here."""
    reader, writer = await open_call(call)
    delays = []
    while piece := await reader.read(65_536):
        now = time.monotonic()
        delays += [now - float(stamp) for stamp in STAMP.findall(piece)]
    writer.close()
    return delays


async def all_at_once(calls: list[Call]) -> list[float]:
    delays = await asyncio.gather(*map(read_delays, calls))
    return [delay for one in delays for delay in one]


async def first_token_seconds(call: Call) -> float:
    began = time.perf_counter()
    reader, writer = await open_call(call)
    text = b""
    while not STAMP.search(text):
        piece = await reader.read(65_536)
        if not piece:
            raise RuntimeError(f"no token came: {text[-300:]!r}")
        text += piece
    writer.close()
    return time.perf_counter() - began


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def cpu_an_event(process: psutil.Process, calls: list[Call]) -> tuple[float, float]:
    """Return µs of CPU an event: while all streams run, and over whole answers."""
    first = cpu_seconds(process)
    running = asyncio.ensure_future(all_at_once(calls))
    await asyncio.sleep(2)
    before, began = cpu_seconds(process), time.monotonic()
    await asyncio.sleep(6)
    used, seconds = cpu_seconds(process) - before, time.monotonic() - began
    count = len(await running)
    if count != len(calls) * TOKENS:
        raise RuntimeError(f"{count} events came through")
    whole = (cpu_seconds(process) - first) / count
    return used / (seconds * len(calls) / PAUSE) * 1e6, whole * 1e6


def measure_cpu(stage: Stage) -> None:
    relayed = asyncio.run(cpu_an_event(stage.relay, [(stage.relay_url, b"{}", {})] * 100))
    ours = asyncio.run(cpu_an_event(stage.server, [stage.question(n) for n in range(100)]))
    for name, theirs, mine in zip(("while streaming", "whole answers"), relayed, ours, strict=True):
        print(f"  µs of CPU an event, {name}: relay {theirs:.0f}, chat-request {mine:.0f}")
        report(
            f"CPU an event, 100 streams, {name}, against the relay",
            mine / theirs,
            limit=1.0,
            at_most=True,
        )


def measure_crowd(stage: Stage) -> None:
    calls = [stage.question(number) for number in range(200)]
    before = stage.server.memory_info().rss

    async def watched() -> tuple[list[float], int]:
        running, peak = asyncio.ensure_future(all_at_once(calls)), before
        while not running.done():
            peak = max(peak, stage.server.memory_info().rss)
            await asyncio.sleep(0.5)
        return sorted(await running), peak

    delays, peak = asyncio.run(watched())
    if len(delays) != 200 * TOKENS:
        raise RuntimeError(f"{len(delays)} tokens came through")
    p99 = delays[len(delays) * 99 // 100] * 1000
    report("delay a token, 200 answers at once, p99", p99, limit=100, at_most=True, unit="ms")
    each = (peak - before) / 200 / 1024
    report("memory an answer, 200 at once", each, limit=200, at_most=True, unit="KB")


def measure_first_token(stage: Stage) -> None:
    config = stage.users[0].add_config(base_url=f"{stage.instant}/v1", model="m")
    direct, through = [], []
    for _ in range(FIRST_TOKENS):
        call = stage.question(0, config)
        direct.append(asyncio.run(first_token_seconds((f"{stage.instant}/", b"{}", {}))))
        through.append(asyncio.run(first_token_seconds(call)))
    added = (statistics.median(through) - statistics.median(direct)) * 1000
    report("added to the first token, median", added, limit=20, at_most=True, unit="ms")


def main() -> None:
    with ExitStack() as stack:
        stage = set_up(stack)
        measure_first_token(stage)
        measure_cpu(stage)
        measure_crowd(stage)


if __name__ == "__main__":
    main()
