"""Tokens that arrive one at a time: CPU an event, delay a token, memory an answer, first token."""

import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import psutil

from backend_functions.embedded.ports import free_port
from tests.benchmarks.figures import report
from tests.benchmarks.streaming import wait_for_port
from tests.support.backend import running_backend

STAMP = re.compile(rb'"(?:text|content)":"<(\d+\.\d+)>"')
TOKENS, PAUSE = 200, 0.05
USERS = 20


async def read_delays(url: str, body: bytes, headers: dict[str, str]) -> list[float]:
    """Return the seconds each token took from the provider to here."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {address.path or '/'} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    delays = []
    while piece := await reader.read(65_536):
        now = time.monotonic()
        delays += [now - float(stamp) for stamp in STAMP.findall(piece)]
    writer.close()
    return delays


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    with ExitStack() as stack:
        paced, instant, relay_port = free_port(), free_port(), free_port()
        upstream = f"http://127.0.0.1:{paced}"
        commands = {
            "paced": ["paced_upstream", str(paced), str(TOKENS), str(PAUSE)],
            "instant": ["paced_upstream", str(instant), "1", "0"],
            "relay": ["relay", str(relay_port), f"{upstream}/"],
        }
        started = {}
        for name, (module, *arguments) in commands.items():
            started[name] = subprocess.Popen(
                [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
            )
            stack.callback(started[name].kill)
        wait_for_port(relay_port)
        backend = stack.enter_context(running_backend())
        users = [backend.sign_up(f"u{number}@example.com") for number in range(USERS)]
        paced_configs = [user.add_config(base_url=f"{upstream}/v1", model="m") for user in users]
        url = f"{backend.url}/functions/v1/chat-request"

        def question(number: int, config: str) -> tuple[str, bytes, dict[str, str]]:
            user = users[number % USERS]
            body = {"chatId": user.add_chat(config), "prompt": "go"}
            return (
                url,
                json.dumps(body).encode(),
                {
                    "authorization": f"Bearer {user.token}",
                    "accept": "text/event-stream",
                    "content-type": "application/json",
                },
            )

        async def all_at_once(calls: list[tuple[str, bytes, dict[str, str]]]) -> list[float]:
            delays = await asyncio.gather(*(read_delays(*call) for call in calls))
            return [delay for one in delays for delay in one]

        relay = psutil.Process(started["relay"].pid)
        server = psutil.Process(backend.process.pid)
        cpu = {}
        for name, process, calls in (
            ("relay", relay, [(f"http://127.0.0.1:{relay_port}/", b"{}", {})] * 100),
            ("ours", server, [question(n, paced_configs[n % USERS]) for n in range(100)]),
        ):

            async def steady(
                process: psutil.Process, calls: list[tuple[str, bytes, dict[str, str]]]
            ) -> float:
                """CPU while all streams run: neither their beginning nor their end."""
                running = asyncio.ensure_future(all_at_once(calls))
                await asyncio.sleep(2)
                before, began = cpu_seconds(process), time.monotonic()
                await asyncio.sleep(6)
                used, seconds = cpu_seconds(process) - before, time.monotonic() - began
                count = len(await running)
                if count != len(calls) * TOKENS:
                    raise RuntimeError(f"{count} events came through")
                return used / (seconds * len(calls) / PAUSE) * 1e6

            cpu[name] = asyncio.run(steady(process, calls))
            print(f"  {name}: {cpu[name]:.0f} µs of CPU an event")
        report(
            "CPU an event, 100 streams of 20 tokens a second, against the relay",
            cpu["ours"] / cpu["relay"],
            limit=1.0,
            at_most=True,
        )

        memory = server.memory_info().rss
        calls = [question(n, paced_configs[n % USERS]) for n in range(200)]
        peak = memory

        async def watched() -> list[float]:
            nonlocal peak
            running = asyncio.ensure_future(all_at_once(calls))
            while not running.done():
                peak = max(peak, server.memory_info().rss)
                await asyncio.sleep(0.5)
            return await running

        delays = sorted(asyncio.run(watched()))
        report(
            "delay a token, 200 answers at once, p99",
            delays[len(delays) * 99 // 100] * 1000,
            limit=100,
            at_most=True,
            unit="ms",
        )
        report("memory an answer", (peak - memory) / 200 / 1024, limit=200, at_most=True, unit="KB")

        direct, through = [], []
        config = users[0].add_config(base_url=f"http://127.0.0.1:{instant}/v1", model="m")
        for _ in range(60):
            call = question(0, config)
            began = time.perf_counter()
            asyncio.run(first_token(f"http://127.0.0.1:{instant}/", b"{}", {}))
            direct.append(time.perf_counter() - began)
            began = time.perf_counter()
            asyncio.run(first_token(*call))
            through.append(time.perf_counter() - began)
        added = statistics.median(through) - statistics.median(direct)
        report("added to the first token, median", added * 1000, limit=20, at_most=True, unit="ms")


async def first_token(url: str, body: bytes, headers: dict[str, str]) -> None:
    """Return as soon as the first token is here."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {address.path or '/'} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    text = b""
    while not STAMP.search(text):
        piece = await reader.read(65_536)
        if not piece:
            raise RuntimeError(f"no token came: {text[-300:]!r}")
        text += piece
    writer.close()


if __name__ == "__main__":
    main()
