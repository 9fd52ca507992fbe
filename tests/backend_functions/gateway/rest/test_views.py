"""Views and what hangs on them, as far as the columns they show are those of tables' keys."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.backend_functions.gateway.rest.conftest import made_database, serve_database
from tests.conftest import Cluster

pytestmark = pytest.mark.db

AS_SERVICE = {"Authorization": "Bearer service"}
WORLD = """
create schema hidden;
create table public.owners (id int primary key, name text);
create table public.pets (
  id int primary key, name text,
  "the {owner} (id)" int constraint pets_owner references public.owners);
create table public.tags (id int primary key, label text);
create table public.tagged (
  pet_id int references public.pets, tag_id int references public.tags,
  primary key (pet_id, tag_id));
create table hidden.visits (id int primary key, pet_id int references public.pets, why text);
create table public.pairs (a int, b int, primary key (a, b));
create table public.halves (
  id int primary key, a int, b int, foreign key (a, b) references public.pairs);
create view public.old_pets with (security_invoker) as
  select name as called, "the {owner} (id)" as belongs_to, id as number, 1 + id as "{"
  from public.pets;
create view public.rich_owners as
  with rich as (select * from public.owners where id < 10)
  select (select max(t.id) from public.tags t) as most, o.id as owner_id, o.name
  from public.owners o join public.tags t on true where o.id in (select id from rich) and t.id = 1;
create view public.oldest_pets as select number, belongs_to from public.old_pets where number > 1;
create materialized view public.known_tags as select * from public.tags;
create view public.links as select tag_id, pet_id as pet from public.tagged;
create view public.visits as select * from hidden.visits;
create view public.half_pairs as select a from public.pairs;
create view public.all_pairs as select b as two, a as one from public.pairs;
create view public.either as select id from public.pets union select id from public.owners;
create view public.moved as select id + 0 as id from public.owners;
create view public.ring_a as select * from public.owners;
create view public.ring_b as select * from public.ring_a;
create or replace view public.ring_a as select * from public.ring_b;
create function public.pets_called(name text) returns setof public.old_pets language sql stable
  as 'select * from public.old_pets where called = $1';
grant all on all tables in schema public to service_role;
grant execute on all functions in schema public to service_role;
insert into public.owners values (1, 'Ada'), (2, 'Ben');
insert into public.pets values (1, 'Rex', 1), (2, 'Tom', 2), (3, 'Ivy', 2);
insert into public.tags values (1, 'good'), (2, 'loud');
insert into public.tagged values (1, 1), (2, 1), (2, 2);
insert into hidden.visits values (1, 2, 'cough');
insert into public.pairs values (1, 2);
insert into public.halves values (1, 1, 2);
refresh materialized view public.known_tags;
"""


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[str]:
    with made_database(cluster, WORLD) as name:
        yield name


@pytest.fixture
async def http(cluster: Cluster, world: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_database(cluster.url(world)) as client:
        client.headers.update(AS_SERVICE)
        yield client


async def rows(http: httpx.AsyncClient, query: str) -> Any:
    response = await http.get(query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_view_hangs_on_tables_by_the_key_whose_columns_it_shows(
    http: httpx.AsyncClient,
) -> None:
    up = await rows(http, "old_pets?select=called,owners(name)&order=number&limit=2")
    down = await rows(http, "owners?select=name,old_pets(called)&order=id&old_pets.order=number")
    other_side = await rows(http, "pets?select=name,rich_owners(name)&id=eq.1")

    assert up == [
        {"called": "Rex", "owners": {"name": "Ada"}},
        {"called": "Tom", "owners": {"name": "Ben"}},
    ]
    assert down[1] == {"name": "Ben", "old_pets": [{"called": "Tom"}, {"called": "Ivy"}]}
    assert other_side == [{"name": "Rex", "rich_owners": {"name": "Ada"}}]


async def test_views_hang_on_each_other_and_on_what_lies_behind_other_views(
    http: httpx.AsyncClient,
) -> None:
    both = await rows(http, "rich_owners?select=name,old_pets(called)&owner_id=eq.1")
    behind = await rows(http, "oldest_pets?select=number,owners(name)&number=eq.3")
    hidden = await rows(http, "visits?select=why,pets(name),old_pets(called)")
    hinted = await rows(http, "old_pets?select=o:owners!belongs_to(name)&number=eq.1")

    assert both == [{"name": "Ada", "old_pets": [{"called": "Rex"}]}]
    assert behind == [{"number": 3, "owners": {"name": "Ben"}}]
    assert hidden == [{"why": "cough", "pets": {"name": "Tom"}, "old_pets": {"called": "Tom"}}]
    assert hinted == [{"o": {"name": "Ada"}}]


async def test_many_to_many_goes_through_views_and_to_them(http: httpx.AsyncClient) -> None:
    through = await rows(http, "pets?select=name,t:tags!tagged(label)&id=eq.2&t.order=id")
    by_view = await rows(http, "pets?select=name,t:tags!links(label)&id=eq.2&t.order=id")
    of_view = await rows(http, "old_pets?select=called,tags!tagged(label)&number=eq.1")
    to_view = await rows(http, "old_pets?select=called,known_tags!links(label)&number=eq.1")

    assert through == by_view == [{"name": "Tom", "t": [{"label": "good"}, {"label": "loud"}]}]
    assert of_view == [{"called": "Rex", "tags": [{"label": "good"}]}]
    assert to_view == [{"called": "Rex", "known_tags": [{"label": "good"}]}]


async def test_a_key_of_two_columns_needs_both_of_them_shown(http: httpx.AsyncClient) -> None:
    whole = await rows(http, "halves?select=id,all_pairs(one,two)")
    half = (await http.get("halves?select=id,half_pairs(a)")).json()

    assert whole == [{"id": 1, "all_pairs": {"one": 1, "two": 2}}]
    assert half["code"] == "PGRST200"


@pytest.mark.parametrize("view", ["either", "moved", "ring_a", "ring_b"])
async def test_what_is_no_column_of_a_table_is_no_key(http: httpx.AsyncClient, view: str) -> None:
    refused = await http.get(f"pets?select=name,{view}(id)")

    assert (refused.status_code, refused.json()["code"]) == (400, "PGRST200")


async def test_a_key_s_own_name_goes_on_meaning_the_table(http: httpx.AsyncClient) -> None:
    by_key = await rows(http, "pets?select=pets_owner(id,name)&id=eq.1")
    of_view = await rows(http, "old_pets?select=belongs_to(name)&number=eq.1")

    assert by_key == [{"pets_owner": {"id": 1, "name": "Ada"}}]
    assert of_view == [{"belongs_to": {"name": "Ada"}}]


async def test_what_a_function_or_a_write_returns_of_a_view_can_be_embedded_in(
    http: httpx.AsyncClient,
) -> None:
    called = await rows(http, "rpc/pets_called?name=Rex&select=called,owners(name)")
    changed = await http.patch(
        "old_pets?number=eq.3&select=called,owners(name)",
        json={"called": "Ivy"},
        headers={"Prefer": "return=representation"},
    )

    assert called == [{"called": "Rex", "owners": {"name": "Ada"}}]
    assert changed.json() == [{"called": "Ivy", "owners": {"name": "Ben"}}]


async def test_a_view_that_shows_a_table_s_primary_key_has_it(http: httpx.AsyncClient) -> None:
    made = await http.post(
        "all_pairs", json={"one": 5, "two": 6}, headers={"Prefer": "return=headers-only"}
    )

    assert made.headers["location"] == "/all_pairs?one=eq.5&two=eq.6"
