"""Any query is answered rightly or refused as PostgREST would: never a 500, never a wrong row.

`--hypothesis-profile=long` tries twenty times as many.
"""

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from backend_functions.embedded.postgres import SUPERUSER
from tests.backend_functions.gateway.rest.conftest import made_database, serve_database
from tests.backend_functions.gateway.rest.queries import PARTS, THINGS, Query, mangled, queries
from tests.conftest import Cluster

pytestmark = pytest.mark.db

AS_SERVICE = {"Authorization": "Bearer service"}
CODE = re.compile(r"PGRST\d\d\d|[0-9A-Z]{5}")
TABLES = """
create table public.things (id int primary key, name text, n int, ok boolean, j jsonb);
create table public.parts (id int primary key, thing_id int references public.things, size int);
create function public.some_things(minimum int) returns setof public.things language sql stable
  as 'select * from public.things where id >= minimum';
grant select on public.things, public.parts to service_role;
grant execute on function public.some_things(int) to service_role;
"""
ROWS = """
with made as (
  insert into public.things
    select id, name, n, ok, jsonb_build_object('k', id * 2, 'l', jsonb_build_array(id::text))
    from json_to_recordset(%(things)s::json) as t (id int, name text, n int, ok boolean)
)
insert into public.parts
  select * from json_to_recordset(%(parts)s::json) as t (id int, thing_id int, size int)
"""
fuzzed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def things(cluster: Cluster) -> Iterator[str]:
    rows = {"things": orjson.dumps(THINGS).decode(), "parts": orjson.dumps(PARTS).decode()}
    with made_database(cluster, TABLES) as name:
        with Connection.connect(cluster.url(name, login=SUPERUSER)) as owner:
            owner.execute(ROWS, rows)
        yield name


@pytest.fixture
async def http(cluster: Cluster, things: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_database(cluster.url(things)) as client:
        yield client


@fuzzed
@given(query=queries)
async def test_every_answer_is_the_right_one(http: httpx.AsyncClient, query: Query) -> None:
    headers = {**AS_SERVICE, "Prefer": "count=exact"}

    response = await http.get(f"things?{query.text()}", headers=headers)

    total = len(query.kept())
    if query.offset > total:
        assert (response.status_code, response.json()["code"]) == (416, "PGRST103")
        return
    assert response.status_code in (200, 206), response.text
    assert response.json() == query.answer()
    assert response.headers["content-range"].partition("/")[2] == str(total)


@fuzzed
@given(query=mangled, path=st.sampled_from(("things", "parts", "rpc/some_things")))
async def test_no_query_is_too_strange_to_be_refused_politely(
    http: httpx.AsyncClient, query: str, path: str
) -> None:
    start = "minimum=3&" if path.startswith("rpc") else ""

    response = await http.get(f"{path}?{start}{query}", headers=AS_SERVICE)

    assert response.status_code < 500, response.text
    if response.status_code >= 300:
        assert response.json().keys() == {"code", "message", "details", "hint"}
        assert CODE.fullmatch(response.json()["code"])
