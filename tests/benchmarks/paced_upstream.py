"""A provider that writes one token at a time, at a steady pace; each token is the time it left."""

import asyncio
import sys
import time

from tests.benchmarks.fast_upstream import HEAD, TAIL, chunk

EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"<%.6f>"},"finish_reason":null}]}\n\n'


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    count, pause = int(sys.argv[2]), float(sys.argv[3])
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.lower().split(b"\r\n")
            length = next((line for line in lines if line.startswith(b"content-length:")), b":0")
            await reader.readexactly(int(length.partition(b":")[2]))
            writer.write(HEAD)
            due = time.monotonic()
            for _ in range(count):
                writer.write(chunk(EVENT % time.monotonic()))
                await writer.drain()
                due += pause
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            writer.write(chunk(TAIL) + b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
