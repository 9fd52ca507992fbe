"""How soon a change is told, and what many who listen cost the one who writes."""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.synchronize import Barrier as BarrierType
from uuid import uuid4

import httpx

from tests.benchmarks.figures import report
from tests.support.backend import BackendUser, running_backend
from tests.support.phoenix import PhoenixClient, phoenix

CHANGES = 100
INSERTS = 150
SUBSCRIBERS = 200


def main() -> None:
    with running_backend() as backend:
        owner = backend.sign_up("owner@example.com")
        others = [backend.sign_up(f"other{number}@example.com") for number in range(20)]
        milliseconds = asyncio.run(_latencies(owner))
        quiet = asyncio.run(_insert_times(owner))
        # Half of them hear every change, half hear none: with claims of twenty people between them.
        listeners = [owner if number % 2 else others[number // 10] for number in range(SUBSCRIBERS)]
        with Listening(listeners):
            busy = asyncio.run(_insert_times(owner))
        again = asyncio.run(_insert_times(owner))
    median = statistics.median(milliseconds)
    report("a change reaches a subscriber (median)", median, limit=100, at_most=True, unit="ms")
    ratio = statistics.median(busy) / statistics.median(quiet + again)
    report(
        f"an insert by /rest/v1 with {SUBSCRIBERS} subscribers, against none (median)",
        ratio,
        limit=2,
        at_most=True,
    )
    mean = statistics.fmean(busy) / statistics.fmean(quiet + again)
    print(f"  the same, as means: {mean:.2f}x")


@asynccontextmanager
async def _following(user: BackendUser) -> AsyncIterator[PhoenixClient]:
    async with phoenix(user.url, user.key) as client:
        await client.follow(user.token, table="chats")
        yield client


async def _latencies(user: BackendUser) -> list[float]:
    """Return the milliseconds from before an insert is sent until its change is there."""
    took = []
    async with _following(user) as client, _data(user) as http:
        for _ in range(CHANGES):
            began = time.perf_counter()
            waiting = asyncio.create_task(client.change())
            await _insert(http)
            await waiting
            took.append((time.perf_counter() - began) * 1000)
    return took


async def _insert_times(user: BackendUser) -> list[float]:
    took = []
    async with _data(user) as http:
        for _ in range(INSERTS):
            began = time.perf_counter()
            await _insert(http)
            took.append(time.perf_counter() - began)
    return took


@asynccontextmanager
async def _data(user: BackendUser) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"apikey": user.key, "authorization": f"Bearer {user.token}"}
    async with httpx.AsyncClient(base_url=f"{user.url}/rest/v1", headers=headers) as http:
        yield http


async def _insert(http: httpx.AsyncClient) -> None:
    response = await http.post("/chats", json={"id": str(uuid4()), "title": "t"})
    response.raise_for_status()


class Listening:
    """Subscribers in a process of their own, so that their work is not counted as the server's."""

    def __init__(self, users: list[BackendUser]) -> None:
        context = multiprocessing.get_context("spawn")
        self._ready: BarrierType = context.Barrier(2)
        self._process = context.Process(target=_listen, args=(users, self._ready), daemon=True)

    def __enter__(self) -> None:
        self._process.start()
        self._ready.wait(60)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


def _listen(users: list[BackendUser], ready: BarrierType) -> None:
    asyncio.run(_listen_all(users, ready))


async def _listen_all(users: list[BackendUser], ready: BarrierType) -> None:
    async def one(user: BackendUser, joined: asyncio.Semaphore) -> None:
        async with _following(user) as client:
            # From here on what comes is read and thrown away: this machine's two cores are for the
            # server and the one who writes.
            client.socket.transport.set_protocol(asyncio.Protocol())
            joined.release()
            await asyncio.Event().wait()

    joined = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(one(user, joined)) for user in users]
    for _ in tasks:
        await joined.acquire()
    await asyncio.to_thread(ready.wait, 60)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    main()
