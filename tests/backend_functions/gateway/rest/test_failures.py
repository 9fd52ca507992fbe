import asyncio
from contextlib import suppress

import httpx
import pytest
from postgrest import APIError
from psycopg import AsyncConnection

from backend_functions.db.pool import Database
from backend_functions.gateway.rest.body import MAX_BYTES
from backend_functions.gateway.rest.errors import UnknownName
from backend_functions.gateway.rest.introspect import CatalogueCache
from tests.backend_functions.gateway.rest.conftest import People, as_person, serve
from tests.conftest import Cluster

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]
AS_ALICE = {"Authorization": "Bearer alice"}


async def test_requests_that_make_no_sense_are_refused_in_the_shape_of_the_service(
    http: httpx.AsyncClient,
) -> None:
    tries: list[tuple[str, str, dict[str, str], int, str]] = [
        ("GET", "nope", {}, 404, "PGRST205"),
        ("GET", "auth.users", {}, 404, "PGRST205"),
        ("GET", "pg_class", {}, 404, "PGRST205"),
        ("GET", "chats?nope=eq.1", {}, 400, "42703"),
        ("GET", "chats?limit=1&nonsense", {}, 400, "PGRST100"),
        ("GET", "chats?id=eq.x", {}, 400, "22P02"),
        ("GET", "chats?id=like.x", {}, 404, "42883"),
        ("GET", "chats?title=match.(", {}, 400, "2201B"),
        ("GET", "chats?select=count()", {}, 400, "PGRST123"),
        ("GET", "chats?select=id,jobs(id)", {}, 400, "PGRST200"),
        ("GET", "chats?columns=id", {}, 400, "PGRST127"),
        ("GET", "chats", {"Accept": "application/vnd.pgrst.plan+json"}, 406, "PGRST107"),
        ("GET", "chats", {"Prefer": "handling=strict, tx=rollback"}, 400, "PGRST122"),
        ("GET", "chats", {"Accept-Profile": "auth"}, 406, "PGRST106"),
        ("POST", "chats", {"Content-Profile": "auth"}, 406, "PGRST106"),
        ("POST", "chats", {"Content-Type": "text/xml"}, 400, "PGRST102"),
        ("POST", "rpc/x", {"Content-Type": "text/csv"}, 400, "PGRST102"),
        ("POST", "chats", {"Content-Encoding": "gzip"}, 400, "PGRST102"),
        ("POST", "chats", {"Prefer": "handling=strict, x=y"}, 400, "PGRST122"),
        ("PUT", "rpc/x", {}, 405, "PGRST101"),
        ("PATCH", "rpc/x", {}, 405, "PGRST101"),
        ("GET", "", {}, 401, "42501"),
        ("POST", "", {}, 405, "PGRST117"),
        ("GET", "a/b", {}, 404, "PGRST125"),
        ("GET", "chats", {"Authorization": "Bearer forged"}, 401, "PGRST301"),
        ("GET", "chats", {"Authorization": "Bearer expired"}, 401, "PGRST303"),
        ("GET", "chats", {"Authorization": "Bearer anon"}, 401, "42501"),
    ]

    for method, url, headers, status, code in tries:
        response = await http.request(method, url, headers={**AS_ALICE, **headers})
        assert (response.status_code, response.json()["code"]) == (status, code), url
        assert response.json().keys() == {"code", "message", "details", "hint"}
        assert response.headers["proxy-status"] == f"PostgREST; error={code}"
        assert ("www-authenticate" in response.headers) == (status == 401)


async def test_a_head_request_tells_its_error_in_a_header(
    http: httpx.AsyncClient, people: People
) -> None:
    with pytest.raises(APIError) as caught:
        await as_person(http, "alice").from_("chats").select("nope", head=True).execute()

    assert caught.value.code == "42703"


async def test_a_body_that_is_too_long_is_not_read(http: httpx.AsyncClient) -> None:
    async def endless() -> object:
        while True:
            yield b" " * 65536

    told = await http.post("chats", content=b" " * (MAX_BYTES + 1), headers=AS_ALICE)
    found = await http.post("chats", content=endless(), headers=AS_ALICE)  # type: ignore[arg-type]

    assert (told.status_code, found.status_code) == (413, 413)


HOSTILE = [
    b'{"title":"a\\u0000b"}', b'{"title":"\\ud800"}', b'{"title":NaN}', b'{"title":1e999}', b"\xff",
    b"[" * 9999, b'{"title":"x","title":"y"}', b'"x"', b"[1]", b'{"id":[],"title":"x"}',
    b'{"id":{}}', b'{"title":null}', b'{"":1}', b'{"\\u0000":1}', b'{"title":"%s"}' % (b"x" * 600),
]  # fmt: skip


async def test_a_hostile_body_is_the_caller_s_fault(http: httpx.AsyncClient) -> None:
    for body in HOSTILE:
        response = await http.post("chats", content=body, headers=AS_ALICE)

        assert 400 <= response.status_code < 500, body[:50]
        assert response.json()["code"] != "22021"


async def test_with_one_connection_nobody_is_ever_taken_for_another(
    cluster: Cluster, database_name: str, people: People
) -> None:
    database = Database(cluster.url(database_name), max_size=1)
    await database.open()
    async with serve(database, people) as http:
        await http.post("chats", json={"title": "alice's"}, headers=AS_ALICE)
        as_bob, seen = {"Authorization": "Bearer bob"}, []
        for broken in ("chats?id=eq.x", "chats?title=match.(", "rpc/nope", "chats?order=nope"):
            assert (await http.get(broken, headers=AS_ALICE)).is_error
            seen.append((await http.get("chats?select=title", headers=as_bob)).json())
        for patience in (0.0005, 0.001, 0.002, 0.004):
            asked = http.get("chats?select=title", headers=AS_ALICE)
            with suppress(TimeoutError):
                await asyncio.wait_for(asked, patience)
            seen.append((await http.get("chats?select=title", headers=as_bob)).json())
            anonymous = await http.get(
                "chats?select=title", headers={"Authorization": "Bearer anon"}
            )
            assert anonymous.status_code == 401
        many = [http.get("chats?select=title", headers=h) for h in (AS_ALICE, as_bob) * 20]
        answers = [response.json() for response in await asyncio.gather(*many)]
    await database.close()

    assert seen == [[]] * 8
    assert answers == [[{"title": "alice's"}], []] * 20


async def test_a_connection_that_is_lost_is_a_reason_to_try_again(
    http: httpx.AsyncClient, owner_connection: Owner
) -> None:
    await owner_connection.execute(
        """create function public.die() returns boolean language sql security definer
           as 'select pg_terminate_backend(pg_backend_pid())';
           grant execute on function public.die() to authenticated"""
    )

    lost = await http.post("rpc/die", headers=AS_ALICE)
    after = await http.get("chats", headers=AS_ALICE)

    assert (lost.status_code, lost.json()["code"]) == (503, "57P01")
    assert after.status_code == 200


async def test_a_database_that_does_not_answer_is_unavailable(
    cluster: Cluster, people: People
) -> None:
    database = Database(cluster.url("there_is_none"), max_size=1, wait_seconds=0.2)
    await database.open()
    async with serve(database, people) as http:
        response = await http.get("chats", headers=AS_ALICE)
    await database.close()

    assert (response.status_code, response.json()["code"]) == (504, "PGRST003")
    assert "there_is_none" not in response.text


async def test_a_migration_is_noticed_without_a_restart(
    db: Database, owner_connection: Owner
) -> None:
    now = [0.0]
    cache = CatalogueCache(db, clock=lambda: now[0])
    await cache.build(lambda catalogue: catalogue.relation("chats"))
    await owner_connection.execute("create table public.fresh (id int)")

    with pytest.raises(UnknownName):
        await cache.build(lambda catalogue: catalogue.relation("fresh"))
    now[0] += 2
    found = await cache.build(lambda catalogue: catalogue.relation("fresh"))

    assert list(found.columns) == ["id"]
    keys = await cache.build(lambda catalogue: catalogue.foreign_keys)
    assert ("messages", ("chat_id", "user_id"), "chats", ("id", "user_id")) in [
        (key.source, key.source_columns, key.target, key.target_columns) for key in keys
    ]
