"""Resources nested in each other, over a small world of films made once for the module's tests."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from postgrest import AsyncPostgrestClient

from tests.backend_functions.gateway.rest.conftest import (
    as_person,
    fetch,
    made_database,
    serve_database,
)
from tests.conftest import Cluster

pytestmark = pytest.mark.db

AS_SERVICE = {"Authorization": "Bearer service"}
FILMS = """
create table public.directors (
  id int primary key, name text, mentor int references public.directors);
create table public.films (
  id int primary key, title text, director_id int references public.directors,
  producer_id int constraint films_producer references public.directors);
create table public.actors (id int primary key, name text);
create table public.roles (
  film_id int references public.films, actor_id int references public.actors, part text,
  primary key (film_id, actor_id));
create table public.posters (film_id int primary key references public.films, colour text);
create table public.lonely (id int primary key);
create function public.films_of(name text) returns setof public.films language sql stable as
  'select f.* from public.films f, public.directors d where d.id = f.director_id and d.name = $1';
create function public.loud(public.films) returns text language sql stable
  as 'select upper($1.title)';
create function public.cast_of(film public.films) returns setof public.actors language sql stable
  as 'select a.* from public.actors a, public.roles r
      where a.id = r.actor_id and r.film_id = film.id';
create function public.first_role(public.films) returns setof public.roles rows 1
  language sql stable
  as 'select * from public.roles where film_id = $1.id order by actor_id limit 1';
grant all on all tables in schema public to service_role;
grant execute on all functions in schema public to service_role;
insert into public.directors values (1, 'Ada', null), (2, 'Ben', 1), (3, 'Cy', 1);
insert into public.films values
  (1, 'Reef', 1, 2), (2, 'Tide', 1, null), (3, 'Dune', 2, 1), (4, 'Orphan', null, null);
insert into public.actors values (1, 'Xu'), (2, 'Yan'), (3, 'Zoe');
insert into public.roles values (1, 1, 'cook'), (1, 2, 'crab'), (3, 1, 'worm');
insert into public.posters values (1, 'blue');
"""


@pytest.fixture(scope="module")
def films(cluster: Cluster) -> Iterator[str]:
    with made_database(cluster, FILMS) as name:
        yield name


@pytest.fixture
async def http(cluster: Cluster, films: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_database(cluster.url(films)) as client:
        yield client


@pytest.fixture
def service(http: httpx.AsyncClient) -> AsyncPostgrestClient:
    return as_person(http, "service")


async def test_rows_are_nested_in_both_directions_of_a_key(service: AsyncPostgrestClient) -> None:
    up = await fetch(
        service.from_("films").select("title, directors!director_id(name)").order("id")
    )
    down = await fetch(
        service.from_("directors")
        .select("name, films!films_director_id_fkey(title)")
        .order("id")
        .order("title", desc=True, foreign_table="films")
    )

    assert up == [
        {"title": "Reef", "directors": {"name": "Ada"}},
        {"title": "Tide", "directors": {"name": "Ada"}},
        {"title": "Dune", "directors": {"name": "Ben"}},
        {"title": "Orphan", "directors": None},
    ]
    assert down == [
        {"name": "Ada", "films": [{"title": "Tide"}, {"title": "Reef"}]},
        {"name": "Ben", "films": [{"title": "Dune"}]},
        {"name": "Cy", "films": []},
    ]


async def test_a_join_table_makes_many_to_many(service: AsyncPostgrestClient) -> None:
    rows = await fetch(
        service.from_("actors").select("name, films(title, roles(part))").order("id").limit(2)
    )

    assert rows == [
        {
            "name": "Xu",
            "films": [
                {"title": "Reef", "roles": [{"part": "cook"}, {"part": "crab"}]},
                {"title": "Dune", "roles": [{"part": "worm"}]},
            ],
        },
        {
            "name": "Yan",
            "films": [{"title": "Reef", "roles": [{"part": "cook"}, {"part": "crab"}]}],
        },
    ]


async def test_a_unique_key_makes_one_to_one_and_a_key_to_oneself_both_ways(
    service: AsyncPostgrestClient,
) -> None:
    poster = await fetch(service.from_("films").select("id, posters(colour)").in_("id", [1, 2]))
    mentors = await fetch(
        service.from_("directors")
        .select("name, m:mentor(name), pupils:directors(name)")
        .order("id")
    )

    assert poster == [{"id": 1, "posters": {"colour": "blue"}}, {"id": 2, "posters": None}]
    assert mentors[0] == {"name": "Ada", "m": None, "pupils": [{"name": "Ben"}, {"name": "Cy"}]}
    assert mentors[1] == {"name": "Ben", "m": {"name": "Ada"}, "pupils": []}


async def test_inner_embedding_and_filters_in_it_narrow_the_rows_around(
    service: AsyncPostgrestClient,
) -> None:
    films = service.from_("films")
    kept = films.select("title, roles(part)").eq("roles.part", "cook").eq("id", 1)
    inner = films.select("title, roles!inner(part)", count="exact").eq("roles.part", "worm")  # type: ignore[arg-type]
    deep = films.select("title, roles!inner(actors!inner(name))").eq("roles.actors.name", "Yan")
    grouped = films.select("title, d:directors!director_id!inner(name)").or_(
        "name.eq.Ben,name.eq.Cy", reference_table="d"
    )
    limited = films.select("title, roles(part)").eq("id", 1).limit(1, foreign_table="roles")

    found = await inner.execute()
    assert await fetch(kept) == [{"title": "Reef", "roles": [{"part": "cook"}]}]
    assert (found.data, found.count) == ([{"title": "Dune", "roles": [{"part": "worm"}]}], 1)
    assert await fetch(deep) == [{"title": "Reef", "roles": [{"actors": {"name": "Yan"}}]}]
    assert await fetch(grouped) == [{"title": "Dune", "d": {"name": "Ben"}}]
    assert len((await fetch(limited))[0]["roles"]) == 1


async def test_rows_are_chosen_by_whether_anything_is_embedded(http: httpx.AsyncClient) -> None:
    async def titles(query: str) -> list[str]:
        response = await http.get(f"films?{query}&order=id", headers=AS_SERVICE)
        assert response.status_code == 200, response.text
        return [row["title"] for row in response.json()]

    assert await titles("select=title,roles()&roles=not.is.null") == ["Reef", "Dune"]
    assert await titles("select=title,roles(part)&roles=is.null") == ["Tide", "Orphan"]
    assert await titles("select=title,posters()&posters=is.not_null") == ["Reef"]
    either = "select=title,roles(),posters()&or=(posters.is.null,roles.not.is.null)"
    assert await titles(either) == ["Reef", "Tide", "Dune", "Orphan"]
    counted = await http.get(
        "films?select=id,roles()&roles=is.null", headers={**AS_SERVICE, "Prefer": "count=exact"}
    )
    assert counted.headers["content-range"] == "0-1/2"


async def test_rows_are_sorted_by_what_is_embedded_even_if_it_is_not_shown(
    http: httpx.AsyncClient,
) -> None:
    url = "films?select=title,directors!director_id(id)&order=directors(name).desc.nullslast,title"

    rows = (await http.get(url, headers=AS_SERVICE)).json()

    assert [row["title"] for row in rows] == ["Dune", "Reef", "Tide", "Orphan"]
    assert rows[0] == {"title": "Dune", "directors": {"id": 2}}


async def test_columns_are_spread_into_the_row_around(http: httpx.AsyncClient) -> None:
    async def rows(query: str) -> Any:
        return (await http.get(query, headers=AS_SERVICE)).json()

    one = await rows(
        "films?select=title,...directors!director_id(by:name,...mentor(m:name))&id=eq.3"
    )
    many = await rows(
        "films?select=title,...roles(part,...actors(who:name))&order=id&roles.order=part.desc"
    )
    star = await rows("posters?select=...films(*)")

    assert one == [{"title": "Dune", "by": "Ben", "m": "Ada"}]
    assert many[0] == {"title": "Reef", "part": ["crab", "cook"], "who": ["Yan", "Xu"]}
    assert many[1] == {"title": "Tide", "part": [], "who": []}
    assert star == [{"id": 1, "title": "Reef", "director_id": 1, "producer_id": 2}]


async def test_embedded_rows_are_counted_the_way_clients_do(service: AsyncPostgrestClient) -> None:
    rows = await fetch(service.from_("films").select("title, roles(count)").order("id").limit(2))
    all_of_them = await fetch(service.from_("films").select("count"))

    assert rows == [
        {"title": "Reef", "roles": [{"count": 2}]},
        {"title": "Tide", "roles": [{"count": 0}]},
    ]
    assert all_of_them == [{"count": 4}]


async def test_what_was_written_or_called_can_be_embedded_in(service: AsyncPostgrestClient) -> None:
    films = service.from_("films")
    shown = "title, directors!director_id(name)"

    made = await fetch(films.insert({"id": 9, "title": "New", "director_id": 3}).select(shown))
    changed = await fetch(films.update({"title": "Newer"}).eq("id", 9).select(shown))
    gone = await fetch(films.delete().eq("id", 9).select(shown))
    called = await fetch(
        service.rpc("films_of", {"name": "Ada"}).select("title, roles(part)").order("id").limit(1)
    )

    assert made == [{"title": "New", "directors": {"name": "Cy"}}]
    assert changed == gone == [{"title": "Newer", "directors": {"name": "Cy"}}]
    assert called == [{"title": "Reef", "roles": [{"part": "cook"}, {"part": "crab"}]}]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("films?select=lonely(*)", 400, "PGRST200"),
        ("films?select=directors!nope(*)", 400, "PGRST200"),
        ("films?select=directors(*)", 300, "PGRST201"),
        ("films?select=id&roles.part=eq.x", 400, "PGRST108"),
        ("films?select=id,roles(part)&roles.actors.name=eq.x", 400, "PGRST108"),
        ("films?select=id,roles(part)&order=roles(part)", 400, "PGRST118"),
        ("films?select=id&order=roles(part)", 400, "PGRST108"),
        ("films?select=id,roles(part)&roles=eq.x", 400, "PGRST120"),
        ("films?select=id,roles(nope)", 400, "42703"),
        ("films?select=id,roles(part.max())", 400, "PGRST123"),
        ("films?select=directors!director_id(id),directors!producer_id(id)", 400, "42712"),
    ],
)
async def test_an_embedding_there_is_not_is_refused(
    http: httpx.AsyncClient, query: str, status: int, code: str
) -> None:
    response = await http.get(query, headers=AS_SERVICE)

    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_caller_who_has_to_choose_is_told_among_what(http: httpx.AsyncClient) -> None:
    error = (await http.get("films?select=directors(name)", headers=AS_SERVICE)).json()

    assert error["message"].endswith(
        "more than one relationship was found for 'films' and 'directors'"
    )
    assert error["details"][0] == {
        "cardinality": "many-to-one",
        "embedding": "films with directors",
        "relationship": "films_director_id_fkey using films(director_id) and directors(id)",
    }
    assert "'directors!films_director_id_fkey', 'directors!films_producer'" in error["hint"]


async def test_what_functions_make_of_a_row_is_a_column_or_a_resource_of_it(
    http: httpx.AsyncClient,
) -> None:
    async def rows(query: str, **headers: str) -> Any:
        return (await http.get(query, headers={**AS_SERVICE, **headers})).json()

    shown = await rows("films?select=title,loud&loud=like.*E&order=loud.desc")
    inner = await rows("films?select=title,cast_of!inner(name,films(count))&cast_of.name=eq.Yan")
    called = await rows("rpc/films_of?name=Ben&select=loud,cast_of(name)")
    written = await http.patch(
        "films?id=eq.3&select=loud,first_role(part)",
        json={"title": "Dune"},
        headers={**AS_SERVICE, "Prefer": "return=representation"},
    )

    assert shown == [{"title": "Tide", "loud": "TIDE"}, {"title": "Dune", "loud": "DUNE"}]
    assert inner == [{"title": "Reef", "cast_of": [{"name": "Yan", "films": [{"count": 1}]}]}]
    assert called == [{"loud": "DUNE", "cast_of": [{"name": "Xu"}]}]
    assert written.json() == [{"loud": "DUNE", "first_role": {"part": "worm"}}]
    assert "loud" not in (await rows("films?limit=1"))[0]
