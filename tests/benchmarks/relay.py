"""The yardstick: a bare Starlette pass-through, httpx in, `StreamingResponse` out."""

import sys
from collections.abc import AsyncIterator

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

client = httpx.AsyncClient(timeout=60)


async def relay(request: Request) -> StreamingResponse:
    body = await request.body()

    async def pieces() -> AsyncIterator[bytes]:
        async with client.stream("POST", sys.argv[2], content=body) as response:
            async for piece in response.aiter_raw():
                yield piece

    return StreamingResponse(pieces(), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/", relay, methods=["POST"])]),
        port=int(sys.argv[1]),
        log_level="warning",
        loop="uvloop",
        http="httptools",
    )
