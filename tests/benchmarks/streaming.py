"""Events a second through chat-request, beside a bare relay of the same upstream."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx

from backend_functions.embedded.ports import free_port
from tests.benchmarks.figures import report
from tests.support.backend import running_backend

EVENTS = 20_000
ROUNDS = 5


async def count_events(url: str, body: bytes, headers: dict[str, str], mark: bytes) -> int:
    """Read one stream over a bare socket, so that the reader is not what is measured."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {address.path or '/'} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    count, rest = 0, b""
    while piece := await reader.read(262_144):
        text = rest + piece
        count += text.count(mark)
        rest = text[-(len(mark) - 1) :]
    writer.close()
    return count


def events_a_second(
    streams: int, one: Callable[[], tuple[str, bytes, dict[str, str], bytes]]
) -> float:
    async def all_at_once() -> int:
        return sum(await asyncio.gather(*(count_events(*one()) for _ in range(streams))))

    began = time.perf_counter()
    count = asyncio.run(all_at_once())
    if count < streams * EVENTS * 0.999:  # a few are cut in two by the framing of chunks
        raise RuntimeError(f"only {count} of {streams * EVENTS} events came through")
    return count / (time.perf_counter() - began)


def main() -> None:
    with ExitStack() as stack:
        upstream_port, relay_port = free_port(), free_port()
        upstream = f"http://127.0.0.1:{upstream_port}"
        for module, arguments in (
            ("fast_upstream", [str(upstream_port), str(EVENTS)]),
            ("relay", [str(relay_port), f"{upstream}/"]),
        ):
            process = subprocess.Popen(
                [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
            )
            stack.callback(process.kill)
        backend = stack.enter_context(running_backend())
        user = backend.sign_up("bench@example.com")
        config = user.add_config(base_url=f"{upstream}/v1", model="m")

        def through_us() -> tuple[str, bytes, dict[str, str], bytes]:
            body = {"chatId": user.add_chat(config), "prompt": "go"}
            headers = {
                "authorization": f"Bearer {user.token}",
                "accept": "text/event-stream",
                "content-type": "application/json",
            }
            url = f"{backend.url}/functions/v1/chat-request"
            return url, json.dumps(body).encode(), headers, b"event: delta\n"

        def through_relay() -> tuple[str, bytes, dict[str, str], bytes]:
            return f"http://127.0.0.1:{relay_port}/", b"{}", {}, b'{"content":" token"}'

        wait_for_port(relay_port)
        for streams in (1, 2):
            ours, theirs = [], []
            for number in range(ROUNDS + 1):
                relayed = events_a_second(streams, through_relay)
                answered = events_a_second(streams, through_us)
                if number:
                    theirs.append(relayed)
                    ours.append(answered)
            print(
                f"  {streams} streams: relay {statistics.median(theirs):,.0f}/s,"
                f" chat-request {statistics.median(ours):,.0f}/s"
            )
            report(
                f"stream events a second, {streams} at once, against a bare relay",
                statistics.median(ours) / statistics.median(theirs),
                limit=0.7,
                at_most=False,
            )


def wait_for_port(port: int) -> None:
    """Return when something listens there."""
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/x")
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    main()
