import httpx
import pytest
from postgrest import APIError, AsyncPostgrestClient, CountMethod
from psycopg import AsyncConnection

from tests.backend_functions.gateway.rest.conftest import People, fetch

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]
AS_ALICE = {"Authorization": "Bearer alice"}
NASTY = [
    "a,b", "(x)", '"q"', "back\\slash", "a.b", "a:b", "100%", "under_score", "star*", "{a,b}",
    "null", "eq.x", "a&b=c", "' or 1=1 --", "x,user_id.eq.1", "not.is.null", "ü😀\u2028", " x ",
    "+1", "a%20b", "%(v0)s", "{}",
]  # fmt: skip


async def titles(alice: AsyncPostgrestClient, *names: str) -> None:
    await alice.from_("chats").insert([{"title": name} for name in names]).execute()


async def test_rows_are_sorted_paged_and_counted(alice: AsyncPostgrestClient) -> None:
    await titles(alice, *"abcde")
    chats = alice.from_("chats")

    page = (
        await chats.select("title", count=CountMethod.exact)
        .order("title", desc=True)
        .range(1, 2)
        .execute()
    )
    counted = await chats.select("id", count=CountMethod.exact, head=True).execute()
    estimated = await chats.select("id", count=CountMethod.estimated).limit(2).execute()
    planned = await chats.select("id", count=CountMethod.planned).limit(2).execute()

    assert (page.data, page.count) == ([{"title": "d"}, {"title": "c"}], 5)
    assert (counted.data, counted.count) == ([], 5)
    assert (len(estimated.data), estimated.count) == (2, 5)
    assert planned.count is not None
    assert planned.count >= 2


async def test_no_value_is_read_as_anything_but_a_value(alice: AsyncPostgrestClient) -> None:
    await titles(alice, *NASTY)
    chats = alice.from_("chats")

    for value in NASTY:
        rows = await chats.select("title").eq("title", value).execute()
        assert rows.data == [{"title": value}]
    assert len((await chats.select("title").in_("title", NASTY).execute()).data) == len(NASTY)
    quoted = NASTY[14].replace('"', '\\"')
    rows = await chats.select("title").or_(f'title.eq."{quoted}",title.eq.nothing').execute()
    assert rows.data == [{"title": NASTY[14]}]


async def test_the_client_s_filters_mean_what_they_say(
    alice: AsyncPostgrestClient, people: People
) -> None:
    await titles(alice, "apple pie", "banana", "Cherry")
    chats = alice.from_("chats")
    queries = {
        "neq": chats.select("title").neq("title", "banana"),
        "range": chats.select("title").gte("title", "b").lt("title", "c"),
        "like": chats.select("title").like("title", "%an%"),
        "ilike": chats.select("title").ilike("title", "ch*"),
        "any": chats.select("title").ilike_any_of("title", "a*,c*"),
        "all": chats.select("title").like_all_of("title", "a*,*pie"),
        "is": chats.select("title").is_("model_config_id", "null").eq("title", "banana"),
        "not": chats.select("title").not_.in_("title", ["banana", "Cherry"]),
        "or": chats.select("title").or_("title.eq.banana,and(title.like.C*,title.not.is.null)"),
        "match": chats.select("title").match({"title": "banana", "user_id": people.id("alice")}),
        "regex": chats.select("title").filter("title", "imatch", "^[ac]"),
        "words": chats.select("title").wfts("title", "pies"),
        "distinct": chats.select("title").filter("title", "isdistinct", "banana"),
    }

    found = {name: await fetch(query.order("title")) for name, query in queries.items()}

    shown = {name: ",".join(sorted(row["title"][0] for row in f)) for name, f in found.items()}
    assert shown == {
        "neq": "C,a", "range": "b", "like": "b", "ilike": "C", "any": "C,a", "all": "a", "is": "b",
        "not": "a", "or": "C,b", "match": "b", "regex": "C,a", "words": "a", "distinct": "C,a",
    }  # fmt: skip


async def test_arrays_ranges_and_json_are_compared_as_what_they_are(
    owner_connection: Owner, service: AsyncPostgrestClient
) -> None:
    await owner_connection.execute(
        """create table public.things (id int primary key, tags text[], span int4range, m jsonb,
           short varchar(3));
           grant all on public.things to service_role;
           insert into public.things values
             (1, '{a,"b,c"}', '[1,5)', '{"k": {"n": 1}, "l": [7, 8]}', 'abc'),
             (2, '{d}', '[5,9)', '{"k": {"n": 2}}', 'abd')"""
    )
    things = service.from_("things")
    queries = [
        things.select("id").contains("tags", ["b,c"]),
        things.select("id").contained_by("tags", ["a", "b,c", "x"]),
        things.select("id").overlaps("tags", ["a", "z"]),
        things.select("id").sl("span", (5, 9)),
        things.select("id").contains("m", {"k": {"n": 1}}),
        things.select("id").eq("m->k->>n", "1"),
        things.select("id").eq("m->l->0", "7"),
        things.select("id").filter("tags", "eq", '{a,"b,c"}'),
        things.select("id").filter("id", "eq(any)", "{1,3}"),
    ]

    for query in queries:
        assert (await query.execute()).data == [{"id": 1}]
    longer = await things.select("id").eq("short", "abcd").execute()
    assert longer.data == []
    selected = (
        await things.select("n:m->k->n, m->l->>1, id::text, tags->0").order("m->k->n").execute()
    )
    assert selected.data[0] == {"n": 1, "l": "8", "id": "1", "tags": "a"}


async def test_one_row_is_an_object_and_others_are_an_error(alice: AsyncPostgrestClient) -> None:
    await titles(alice, "a", "b")
    chats = alice.from_("chats")

    one = await chats.select("title").eq("title", "a").single().execute()
    none = await chats.select("title").eq("title", "x").maybe_single().execute()
    with pytest.raises(APIError) as caught:
        await chats.select("title").single().execute()

    assert one.data == {"title": "a"}
    assert none is None
    assert caught.value.code == "PGRST116"
    assert caught.value.details == "The result contains 2 rows"


async def test_the_form_of_an_answer_is_the_client_s_choice(
    alice: AsyncPostgrestClient, http: httpx.AsyncClient
) -> None:
    await titles(alice, 'a "quoted", title')
    chats = alice.from_("chats")

    csv = await chats.select("title", "model_config_id").csv().execute()
    stripped = await chats.select("title", "model_config_id").strip_nulls().execute()

    assert csv.data == 'title,model_config_id\n"a ""quoted"", title",'
    assert stripped.data == [{"title": 'a "quoted", title'}]
    refused = await http.get(
        "chats", headers={**AS_ALICE, "Accept": "application/vnd.pgrst.plan+json"}
    )
    assert (refused.status_code, refused.json()["code"]) == (406, "PGRST107")


async def test_pages_are_told_by_content_range(
    alice: AsyncPostgrestClient, http: httpx.AsyncClient
) -> None:
    await titles(alice, *"abcde")
    url, exact = "chats?select=title&order=title", {**AS_ALICE, "Prefer": "count=exact"}

    part = await http.get(url, headers={**exact, "Range": "1-2"})
    narrower = await http.get(f"{url}&offset=2&limit=9", headers={**AS_ALICE, "Range": "0-3"})
    empty = await http.get(f"{url}&title=eq.x", headers=exact)
    behind = await http.get(f"{url}&offset=6", headers=exact)
    backwards = await http.get(url, headers={**exact, "Range": "3-2"})

    assert (part.status_code, part.headers["content-range"]) == (206, "1-2/5")
    assert part.headers["preference-applied"] == "count=exact"
    assert narrower.json() == [{"title": "c"}, {"title": "d"}]
    assert (empty.status_code, empty.headers["content-range"]) == (200, "*/0")
    assert (behind.status_code, behind.json()["code"]) == (416, "PGRST103")
    assert backwards.status_code == 416


async def test_an_answer_has_at_most_a_thousand_rows(
    owner_connection: Owner, service: AsyncPostgrestClient
) -> None:
    await owner_connection.execute(
        """create table public.many as select generate_series(1, 1500) as id;
           grant select on public.many to service_role"""
    )

    rows = (
        await service.from_("many").select("id", count=CountMethod.estimated).limit(1200).execute()
    )

    assert len(rows.data) == 1000
    assert rows.count is not None
    assert rows.count > 1000
