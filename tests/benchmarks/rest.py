"""A select of 50 chats through `/rest/v1`, beside a bare route that runs the same SQL."""

import asyncio
import base64
import json
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.ports import free_port
from tests.benchmarks.figures import report
from tests.benchmarks.streaming import wait_for_port
from tests.support.backend import running_backend

CHATS = 50
REQUESTS = 400
ROUNDS = 7
TOGETHER = 8
QUERY = "select=id,title,updated_at&order=updated_at.desc&limit=50"

Call = tuple[str, dict[str, str]]


class Client:
    """One kept connection, so thin that it is not what is measured."""

    def __init__(self, call: Call) -> None:
        url, headers = call
        self.address = urlsplit(url)
        target = self.address.path + (f"?{self.address.query}" if self.address.query else "")
        lines = [f"GET {target} HTTP/1.1", "host: x"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.request = "\r\n".join([*lines, "", ""]).encode()

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            self.address.hostname, self.address.port
        )

    async def get(self) -> bytes:
        self.writer.write(self.request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self.reader.readexactly(length)


async def _seconds(calls: list[Call], clients_each: int) -> list[list[float]]:
    """Return for each call the seconds a request took, one number a round."""
    clients = [[Client(call) for _ in range(clients_each)] for call in calls]
    for crowd in clients:
        for client in crowd:
            await client.connect()
            await client.get()
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for number, crowd in enumerate(clients):
            began = time.perf_counter()
            await asyncio.gather(*(_ask(client, REQUESTS // clients_each) for client in crowd))
            seconds[number].append((time.perf_counter() - began) / REQUESTS)
    return seconds


async def _ask(client: Client, times: int) -> None:
    for _ in range(times):
        await client.get()


def _compare(name: str, bare: Call, ours: Call, clients_each: int) -> None:
    theirs, mine = asyncio.run(_seconds([bare, ours], clients_each))
    ratios = sorted(m / t for m, t in zip(mine, theirs, strict=True))
    print(
        f"  {name}: bare {statistics.median(theirs) * 1e6:.0f} µs,"
        f" /rest/v1 {statistics.median(mine) * 1e6:.0f} µs"
        f" (ratios {ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    report(
        f"select of {CHATS} chats, {name}, against a bare route",
        statistics.median(ratios),
        limit=1.5,
        at_most=True,
    )


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
        yardstick: Call = (f"http://127.0.0.1:{port}/chats", {})
        ours = (f"{backend.url}/rest/v1/chats?{QUERY}", headers)
        _compare("one after the other", yardstick, ours, 1)
        _compare(f"{TOGETHER} at a time", yardstick, ours, TOGETHER)


if __name__ == "__main__":
    main()
