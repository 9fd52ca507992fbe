"""A select of 50 chats through `/rest/v1`, beside a bare route that runs the same SQL.

Once as a client asks for its list of chats, always in the same words, and once with a value that is
new each time, so that nothing that was worked out for an earlier request helps.
"""

import asyncio
import base64
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, repeat
from urllib.parse import urlsplit

from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.ports import free_port
from tests.benchmarks.figures import report
from tests.benchmarks.streaming import wait_for_port
from tests.support.backend import running_backend

CHATS = 50
REQUESTS = 48
ROUNDS = 60
TOGETHER = 8
QUERY = "select=id,title,updated_at&order=updated_at.desc&limit=50&title=neq."

Call = tuple[str, dict[str, str]]


class Client:
    """One kept connection, so thin that it is not what is measured."""

    def __init__(self, call: Call) -> None:
        self.url, headers = call
        self.address = urlsplit(self.url)
        lines = [f"{name}: {value}" for name, value in {"host": "x", **headers}.items()]
        self.head = "\r\n".join(["", *lines, "", ""]).encode()

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            self.address.hostname, self.address.port
        )

    async def get(self, value: str) -> bytes:
        target = f"GET {self.address.path}?{self.address.query}{value} HTTP/1.1"
        self.writer.write(target.encode() + self.head)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self.reader.readexactly(length)


async def _seconds(
    calls: list[Call], clients_each: int, values: Iterator[str]
) -> list[list[float]]:
    """Return for each call the seconds a request took, one number a round."""
    clients = [[Client(call) for _ in range(clients_each)] for call in calls]
    for crowd in clients:
        for client in crowd:
            await client.connect()
            await client.get(next(values))
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for number, crowd in enumerate(clients):
            began = time.perf_counter()
            await asyncio.gather(*(_ask(client, len(crowd), values) for client in crowd))
            seconds[number].append((time.perf_counter() - began) / REQUESTS)
    return seconds


async def _ask(client: Client, clients: int, values: Iterator[str]) -> None:
    for _ in range(REQUESTS // clients):
        await client.get(next(values))


def _compare(name: str, calls: list[Call], clients_each: int, values: Iterator[str]) -> float:
    """Print what a request took, and return how many times the bare route's time it is."""
    theirs, mine = asyncio.run(_seconds(calls, clients_each, values))
    ratios = sorted(m / t for m, t in zip(mine, theirs, strict=True))
    low, middle, high = (ratios[len(ratios) * part // 4] for part in (1, 2, 3))
    print(
        f"  {name}: bare {statistics.median(theirs) * 1e6:.0f} µs,"
        f" /rest/v1 {statistics.median(mine) * 1e6:.0f} µs,"
        f" {middle:.2f} times (half of the rounds {low:.2f} to {high:.2f})"
    )
    return middle


def _claims(token: str) -> str:
    part = token.split(".")[1]
    return json.dumps(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def main() -> None:
    with ExitStack() as stack:
        backend = stack.enter_context(running_backend())
        user = backend.sign_up("bench@example.com")
        user.call("POST", "/rest/v1/chats", [{"title": f"chat {n}"} for n in range(CHATS)])
        keys = load(backend.folder / "keys.json")
        address = urlsplit(backend.status["database_url"])
        database = (
            f"postgresql://authenticator:{keys.login_password}@{address.hostname}:{address.port}"
            f"{address.path}"
        )
        port = free_port()
        module = [sys.executable, "-m", "tests.benchmarks.bare_select"]
        bare = subprocess.Popen([*module, database, str(port), _claims(user.token)])
        stack.callback(bare.kill)
        wait_for_port(port)
        headers = {"apikey": user.key, "authorization": f"Bearer {user.token}"}
        calls: list[Call] = [
            (f"http://127.0.0.1:{port}/chats?other=", {}),
            (f"{backend.url}/rest/v1/chats?{QUERY}", headers),
        ]
        for clients, how in ((1, "one after the other"), (TOGETHER, f"{TOGETHER} at a time")):
            _compare(f"{how}, a new value each", calls, clients, map(str, count()))
            ratio = _compare(how, calls, clients, repeat("x"))
            title = f"select of {CHATS} chats, {how}, against a bare route"
            report(title, ratio, limit=1.5, at_most=True)


if __name__ == "__main__":
    main()
