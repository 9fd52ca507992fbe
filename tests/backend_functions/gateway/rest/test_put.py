"""PUT, and bodies that are not JSON, over one table that the tests share."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.backend_functions.gateway.rest.conftest import made_database, serve_database
from tests.conftest import Cluster

pytestmark = pytest.mark.db

AS_SERVICE = {"Authorization": "Bearer service"}
SHOWN = {**AS_SERVICE, "Prefer": "return=representation"}
WORDS = """
create table public.words (word text primary key, n int, tags text[]);
create table public.keyless (n int);
create function public.add(a int, b int) returns int language sql immutable as 'select a + b';
grant all on public.words, public.keyless to service_role;
grant execute on function public.add(int, int) to service_role;
"""


@pytest.fixture(scope="module")
def words(cluster: Cluster) -> Iterator[str]:
    with made_database(cluster, WORDS) as name:
        yield name


@pytest.fixture
async def http(cluster: Cluster, words: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_database(cluster.url(words)) as client:
        yield client
        await client.delete("words?word=neq.x", headers=AS_SERVICE)


async def test_put_makes_the_row_or_makes_it_what_the_body_says(http: httpx.AsyncClient) -> None:
    url = "words?word=eq.put"

    made = await http.put(url, json={"word": "put", "n": 1}, headers=SHOWN)
    changed = await http.put(url, json=[{"word": "put", "n": 2}], headers=SHOWN)
    silent = await http.put(url, json={"word": "put", "n": 3}, headers=AS_SERVICE)

    assert (made.status_code, made.json()) == (201, [{"word": "put", "n": 1, "tags": None}])
    assert (changed.status_code, changed.json()[0]["n"]) == (200, 2)
    assert (silent.status_code, silent.content) == (204, b"")
    assert (await http.get(f"{url}&select=n", headers=AS_SERVICE)).json() == [{"n": 3}]


@pytest.mark.parametrize(
    ("url", "body", "status", "code"),
    [
        ("words", {"word": "a"}, 405, "PGRST105"),
        ("words?word=neq.a", {"word": "a"}, 405, "PGRST105"),
        ("words?word=eq.a&n=eq.1", {"word": "a"}, 405, "PGRST105"),
        ("words?or=(word.eq.a)", {"word": "a"}, 405, "PGRST105"),
        ("keyless?n=eq.1", {"n": 1}, 405, "PGRST105"),
        ("words?word=eq.a&limit=1", {"word": "a"}, 400, "PGRST114"),
        ("words?word=eq.a", {"word": "b"}, 400, "PGRST115"),
        ("words?word=eq.a", {"n": 1}, 400, "PGRST115"),
        ("words?word=eq.a", [{"word": "a"}, {"word": "a"}], 500, "21000"),
    ],
)
async def test_put_is_refused_unless_it_names_one_row(
    http: httpx.AsyncClient, url: str, body: object, status: int, code: str
) -> None:
    response = await http.put(url, json=body, headers=AS_SERVICE)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await http.get("words", headers=AS_SERVICE)).json() == []


async def test_csv_goes_in_and_comes_out(http: httpx.AsyncClient) -> None:
    body = 'word,n,tags\n"a, b",1,"{x,y}"\nc,NULL,NULL\n'
    headers = {**SHOWN, "Content-Type": "text/csv", "Accept": "text/csv"}

    made = await http.post("words", content=body, headers=headers)

    assert made.status_code == 201
    assert made.headers["content-type"] == "text/csv; charset=utf-8"
    assert made.text == 'word,n,tags\n"a, b",1,"{x,y}"\nc,,'


async def test_a_form_is_a_row_and_the_arguments_of_a_call(http: httpx.AsyncClient) -> None:
    made = await http.post("words", data={"word": "f", "n": "7"}, headers=SHOWN)
    called = await http.post("rpc/add", data={"a": "1", "b": "2"}, headers=AS_SERVICE)

    assert made.json() == [{"word": "f", "n": 7, "tags": None}]
    assert called.json() == 3


async def test_what_is_served_is_described_to_the_holder_of_a_secret_key(
    http: httpx.AsyncClient,
) -> None:
    told = await http.get("", headers=AS_SERVICE)
    refused = await http.get("")

    assert told.status_code == 200
    assert told.json()["definitions"]["words"]["properties"]["n"] == {
        "type": "integer",
        "format": "int4",
    }
    assert "/rpc/add" in told.json()["paths"]
    assert (refused.status_code, refused.json()["code"]) == (401, "42501")
