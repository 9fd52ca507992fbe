import httpx
import orjson
import pytest
from postgrest import APIError, AsyncPostgrestClient, CountMethod
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from backend_functions.db.pool import Database
from tests.backend_functions.gateway.rest.conftest import People, fetch, serve
from tests.conftest import Cluster

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]
AS_ALICE = {"Authorization": "Bearer alice"}
FUNCTIONS = """
create function public.add(a int, b int default 10) returns int
  language sql immutable as 'select a + b';
create function public.shout(words text[]) returns setof text
  language sql immutable as 'select upper(w) from unnest(words) w';
create function public.my_chats(part text) returns setof public.chats
  language sql stable as 'select * from public.chats where title like ''%'' || part || ''%''';
create function public.pair() returns table (x int, y text)
  language sql immutable as 'values (1, ''one''), (2, ''two'')';
create function public.new_chat(title text) returns public.chats
  language sql as 'insert into public.chats (title) values (title) returning *';
create function public.nothing() returns void language sql as '';
create function public.echo(jsonb) returns jsonb language sql immutable as 'select $1';
create function public.teapot() returns void language plpgsql as $$
begin
  perform set_config('response.status', '418', true),
    set_config('response.headers', '[{"X-Tea": "green"}]', true);
end $$;
create function public.refuse(code text) returns void language plpgsql as $$
begin raise exception 'told so' using errcode = code, detail = 'd', hint = 'h'; end $$;
create function public.spell() returns void language plpgsql as $$
begin raise sqlstate 'PGRST' using
  message = '{"code":"123","message":"m","hint":"h"}',
  detail = '{"status":402,"headers":{"X-Why":"because"}}'; end $$;
create function public.request() returns json language sql stable as $$
  select json_build_object('method', current_setting('request.method'),
    'path', current_setting('request.path'), 'headers', current_setting('request.headers')::json,
    'sub', current_setting('request.jwt.claims')::json ->> 'sub', 'role', current_user) $$;
create function public.twice(a int) returns int language sql as 'select 1';
create function public.twice(a text) returns int language sql as 'select 1';
create function public.told(text) returns text language sql immutable as 'select $1';
create function public.either() returns int language sql immutable as 'select 1';
create function public.either(a int default 1) returns int language sql immutable as 'select 2';
create function public.numbered(int) returns int language sql immutable as 'select 1';
create function public.joined(mark text, variadic parts text[]) returns text
  language sql immutable as $$ select array_to_string(parts, mark) $$;
create function public.hidden() returns int language sql as 'select 1';
create function public.secret(public.chats) returns text language sql stable as 'select $1.title';
create function public.wait() returns void language sql stable as 'select pg_sleep(60)';
grant execute on all functions in schema public to authenticated, anon;
revoke execute on function public.hidden(), public.secret(public.chats)
  from public, authenticated, anon;
"""


@pytest.fixture(autouse=True)
async def functions(owner_connection: Owner) -> None:
    await owner_connection.execute(FUNCTIONS)


async def test_a_function_is_called_with_named_arguments(alice: AsyncPostgrestClient) -> None:
    async def call(name: str, arguments: dict[str, object], *, get: bool = False) -> object:
        return (await alice.rpc(name, arguments, get=get).execute()).data  # type: ignore[arg-type]

    assert await call("add", {"a": 1}) == 11
    assert await call("add", {"a": "1", "b": 2}, get=True) == 3
    assert await call("shout", {"words": ["a,b", "c"]}) == ["A,B", "C"]
    assert await call("shout", {"words": ["a,b", "c"]}, get=True) == ["A,B", "C"]
    assert await call("pair", {}) == [{"x": 1, "y": "one"}, {"x": 2, "y": "two"}]
    assert await call("echo", {"any": [1]}) == {"any": [1]}
    assert await call("nothing", {}) == []


async def test_an_argument_that_takes_the_rest_is_an_array_or_stands_several_times(
    http: httpx.AsyncClient,
) -> None:
    body = {"mark": "-", "parts": ["a", 'b"', "c,d"]}
    posted = await http.post("rpc/joined", json=body, headers=AS_ALICE)
    asked = await http.get(
        "rpc/joined", params={"mark": "-", "parts": ["a", 'b"', "c,d\\"]}, headers=AS_ALICE
    )
    twice = await http.get("rpc/joined", params={"mark": ["-", "+"], "parts": "a"})

    assert (posted.json(), asked.json()) == ('a-b"-c,d', 'a-b"-c,d\\')
    assert (twice.status_code, twice.json()["code"]) == (400, "PGRST100")


async def test_the_rows_of_a_function_are_filtered_like_a_table_s(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient
) -> None:
    await bob.rpc("new_chat", {"title": "chat of bob"}).execute()
    made = await fetch(alice.rpc("new_chat", {"title": "chat of alice"}))
    await alice.rpc("new_chat", {"title": "another chat"}).execute()

    found = (
        await alice.rpc("my_chats", {"part": "chat"}, count=CountMethod.exact)
        .select("title")
        .like("title", "*alice")
        .order("title")
        .limit(5)
        .execute()
    )
    counted = await alice.rpc(
        "my_chats", {"part": "c"}, count=CountMethod.exact, head=True
    ).execute()

    assert made["title"] == "chat of alice"
    assert (found.data, found.count) == ([{"title": "chat of alice"}], 1)
    assert counted.count == 2


async def test_a_call_that_fails_says_why(http: httpx.AsyncClient) -> None:
    tries: list[tuple[str, dict[str, object], int, str]] = [
        ("nope", {}, 404, "PGRST202"),
        ("add", {"b": 1}, 404, "PGRST202"),
        ("add", {"a": 1, "c": 1}, 404, "PGRST202"),
        ("add", {"a": "x"}, 400, "22P02"),
        ("twice", {"a": 1}, 300, "PGRST203"),
        ("hidden", {}, 403, "42501"),
        ("refuse", {"code": "P0001"}, 400, "P0001"),
        ("refuse", {"code": "PT409"}, 409, "PT409"),
        ("refuse", {"code": "P0002"}, 500, "P0002"),
        ("refuse", {"code": "57014"}, 500, "57014"),
        ("refuse", {"code": "40P01"}, 500, "40P01"),
        ("refuse", {"code": "40001"}, 500, "40001"),
        ("spell", {}, 402, "123"),
    ]

    for name, arguments, status, code in tries:
        response = await http.post(f"rpc/{name}", json=arguments, headers=AS_ALICE)
        assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_call_means_one_function_or_is_told_what_it_could_mean(
    http: httpx.AsyncClient,
) -> None:
    whole = await http.post("rpc/told", json={"": "x"}, headers=AS_ALICE)
    several = (await http.post("rpc/either", json={}, headers=AS_ALICE)).json()
    mistyped = (await http.post("rpc/add", json={"a": 1, "bb": 2}, headers=AS_ALICE)).json()
    unnamed = (await http.post("rpc/numbered", json={"": 1}, headers=AS_ALICE)).json()

    assert orjson.loads(whole.json()) == {"": "x"}
    assert several["code"] == "PGRST203"
    assert several["message"].endswith("public.either(), public.either(a => integer)")
    assert mistyped["hint"] == "Perhaps you meant to call the function public.add(a, b)"
    assert unnamed["code"] == "PGRST202"


async def test_what_tells_of_the_server_s_insides_is_not_passed_on(http: httpx.AsyncClient) -> None:
    response = await http.post("rpc/refuse", json={"code": "XX001"}, headers=AS_ALICE)

    assert response.status_code == 500
    assert "told so" not in response.text


async def test_a_read_cannot_write(http: httpx.AsyncClient) -> None:
    response = await http.get("rpc/new_chat?title=x", headers=AS_ALICE)

    assert (response.status_code, response.json()["code"]) == (405, "25006")
    assert (await http.get("chats", headers=AS_ALICE)).json() == []


async def test_a_function_may_answer_in_its_own_way(http: httpx.AsyncClient) -> None:
    response = await http.post("rpc/teapot", json={}, headers=AS_ALICE)

    assert (response.status_code, response.headers["x-tea"]) == (418, "green")


async def test_a_function_knows_the_request_but_not_its_secrets(http: httpx.AsyncClient) -> None:
    headers = {**AS_ALICE, "apikey": "k", "Cookie": "c=1", "X-Client-Info": "test"}

    told = (await http.get("rpc/request", headers=headers)).json()

    assert (told["method"], told["path"]) == ("GET", "/rest/v1/rpc/request")
    assert told["headers"]["x-client-info"] == "test"
    assert not {"authorization", "apikey", "cookie"} & told["headers"].keys()
    assert told["role"] == "authenticated"


async def test_one_object_is_asked_for_of_a_function_too(alice: AsyncPostgrestClient) -> None:
    single = await fetch(alice.rpc("add", {"a": "1"}).single())
    with pytest.raises(APIError) as caught:
        await alice.rpc("pair", {}).single().execute()

    assert single == 11
    assert caught.value.code == "PGRST116"


async def test_a_statement_does_not_run_for_ever(
    cluster: Cluster, database_name: str, people: People, owner_connection: Owner
) -> None:
    # The login's bound is eight seconds; here it is shorter, for connections that are made now.
    login = SQL("alter role authenticator in database {} set statement_timeout = 100")
    await owner_connection.execute(login.format(Identifier(database_name)))
    database = Database(cluster.url(database_name), max_size=1)
    await database.open()

    async with serve(database, people) as http:
        answers = [
            await http.get("rpc/wait", headers=AS_ALICE),
            await http.post("rpc/wait", headers=AS_ALICE),
        ]
    await database.close()

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(500, "57014")] * 2


async def test_a_row_s_function_needs_the_right_to_run_it(http: httpx.AsyncClient) -> None:
    for query in ("select=secret", "secret=eq.x", "order=secret"):
        response = await http.get(f"chats?{query}", headers=AS_ALICE)
        assert (response.status_code, response.json()["code"]) == (403, "42501")
