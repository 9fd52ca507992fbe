"""Runs an ASGI app on a real socket inside the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def served(
    app: ASGIApp, http: type[asyncio.Protocol] | None = None, *, port: int = 0
) -> AsyncIterator[str]:
    """Serve until the block ends, over a protocol of one's own and at a port if given; gives the
    base URL."""
    config = uvicorn.Config(
        app, http=http or "auto", log_level="critical", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    # asyncio sends at once (TCP_NODELAY) only where the socket names its protocol; otherwise every
    # answer but a connection's first waits 40 ms for the client's acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    # Not `serve`: it would take over the signals of the test run.
    task = asyncio.create_task(server._serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
