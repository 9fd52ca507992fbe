"""The yardstick: a bare FastAPI route that reads 50 chats under the caller's role.

Started with the database's address, a port and the claims of the user it reads as.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvicorn
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool
from starlette.responses import Response

_, DATABASE, PORT, CLAIMS = sys.argv

TAKE_ROLE = """
select set_config('role', 'authenticated', true),
       set_config('request.jwt.claims', %(claims)s, true),
       set_config('request.jwt.claim.sub', %(sub)s, true)
"""
SELECT = """
select coalesce(json_agg(c), '[]')::text
from (
  select id, title, updated_at from public.chats
  where title <> %(other)s order by updated_at desc limit 50
) as c
"""
WHO = {"claims": CLAIMS, "sub": orjson.loads(CLAIMS)["sub"]}

pool = AsyncConnectionPool(
    DATABASE, min_size=1, max_size=10, open=False, kwargs={"prepare_threshold": None}
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/chats")
async def chats(other: str) -> Response:
    async with pool.connection() as connection:
        await connection.execute(TAKE_ROLE, WHO)
        row = await (await connection.execute(SELECT, {"other": other})).fetchone()
    assert row is not None
    return Response(row[0], media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(PORT),
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
    )
