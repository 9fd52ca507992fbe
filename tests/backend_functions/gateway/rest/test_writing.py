import httpx
import pytest
from postgrest import APIError, AsyncPostgrestClient, CountMethod, ReturnMethod
from psycopg import AsyncConnection

from tests.backend_functions.gateway.rest.conftest import fetch

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]
AS_ALICE = {"Authorization": "Bearer alice"}
CONFIG = {"name": "c", "provider": "openai", "model": "m"}
SHOWN = "id,name,max_tokens,has_key"


async def test_rows_are_written_changed_and_removed(alice: AsyncPostgrestClient) -> None:
    chats = alice.from_("chats")

    made = await chats.insert([{"title": "a"}, {"title": "b"}], count=CountMethod.exact).execute()
    changed = await fetch(chats.update({"title": "c"}).eq("title", "a"))
    silent = (
        await chats.update({"title": "d"}, returning=ReturnMethod.minimal)
        .eq("title", "c")
        .execute()
    )
    gone = await chats.delete(count=CountMethod.exact).in_("title", ["b", "d"]).execute()

    assert (len(made.data), made.count) == (2, 2)
    assert [row["title"] for row in changed] == ["c"]
    assert silent.data == []
    assert (len(gone.data), gone.count) == (2, 2)


async def test_statuses_and_headers_are_postgrest_s(http: httpx.AsyncClient) -> None:
    representation = {**AS_ALICE, "Prefer": "return=representation"}

    minimal = await http.post("chats", json={"title": "a"}, headers=AS_ALICE)
    key = await http.post(
        "chats", json={"title": "b"}, headers={**AS_ALICE, "Prefer": "return=headers-only"}
    )
    shown = await http.post("chats?select=title", json=[{"title": "c"}], headers=representation)
    none = await http.post("chats", json=[], headers=representation)
    updated = await http.patch("chats?title=eq.a", json={"title": "d"}, headers=AS_ALICE)
    nothing = await http.patch("chats?title=eq.d", json={}, headers=representation)
    deleted = await http.delete("chats?title=eq.d", headers=representation)

    assert (minimal.status_code, minimal.content) == (201, b"")
    assert minimal.headers["content-range"] == "*/*"
    assert key.headers["location"].startswith("/chats?id=eq.")
    assert (shown.status_code, shown.json()) == (201, [{"title": "c"}])
    assert shown.headers["preference-applied"] == "return=representation"
    assert (none.status_code, none.json()) == (201, [])
    assert (updated.status_code, updated.headers["content-range"]) == (204, "0-0/*")
    assert (nothing.status_code, nothing.json()) == (200, [])
    assert (deleted.status_code, len(deleted.json())) == (200, 1)
    assert deleted.headers["content-range"] == "*/*"


async def test_an_upsert_merges_or_leaves_what_is_there(
    service: AsyncPostgrestClient, owner_connection: Owner
) -> None:
    await owner_connection.execute(
        """create table public.words (word text primary key, n int default 7);
           grant all on public.words to service_role"""
    )
    words = service.from_("words")

    await words.upsert({"word": "a", "n": 1}).execute()
    merged = await words.upsert(
        [{"word": "a", "n": 2}, {"word": "b", "n": 3}], on_conflict="word"
    ).execute()
    left = await words.upsert({"word": "a", "n": 9}, ignore_duplicates=True).execute()
    nulling: list[dict[str, object]] = [{"word": "c"}, {"word": "d", "n": 4}]
    filling: list[dict[str, object]] = [{"word": "e"}, {"word": "f", "n": None}]
    nulled = await words.insert(nulling).execute()
    filled = await words.insert(filling, default_to_null=False).execute()

    assert merged.data == [{"word": "a", "n": 2}, {"word": "b", "n": 3}]
    assert left.data == []
    assert nulled.data == [{"word": "c", "n": None}, {"word": "d", "n": 4}]
    assert filled.data == [{"word": "e", "n": 7}, {"word": "f", "n": None}]


async def test_an_upsert_that_only_updates_is_no_creation(
    http: httpx.AsyncClient, owner_connection: Owner
) -> None:
    await owner_connection.execute(
        """create table public.words (word text primary key, n int);
           grant all on public.words to service_role"""
    )
    headers = {"Authorization": "Bearer service", "Prefer": "resolution=merge-duplicates"}

    statuses = [
        (await http.post("words", json=rows, headers=headers)).status_code
        for rows in ({"word": "a"}, {"word": "a"}, [{"word": "a"}, {"word": "b"}])
    ]

    assert statuses == [201, 200, 201]


async def test_the_sealed_key_is_neither_read_nor_written(alice: AsyncPostgrestClient) -> None:
    configs = alice.from_("model_configs")

    made = await fetch(configs.insert(CONFIG).select(SHOWN))
    changed = await fetch(configs.update({"max_tokens": 5}).eq("name", "c").select(SHOWN))
    with pytest.raises(APIError) as starred:
        await configs.insert({**CONFIG, "name": "d"}).execute()

    assert [row["has_key"] for row in made] == [False]
    assert [row["max_tokens"] for row in changed] == [5]
    assert starred.value.code == "42501"
    for query in (
        configs.select("*"),
        configs.select("api_key_encrypted"),
        configs.select("k:api_key_encrypted::text"),
        configs.select("id").like("api_key_encrypted", "v1*"),
        configs.select("id").or_("api_key_encrypted.is.null,id.is.null"),
        configs.select("id").order("api_key_encrypted"),
        configs.update({"api_key_encrypted": "x"}).eq("name", "c").select("id"),
        configs.insert({**CONFIG, "api_key_encrypted": "x"}).select("id"),
        configs.upsert({**CONFIG, "api_key_encrypted": "x"}, on_conflict="user_id,name").select(
            "id"
        ),
    ):
        with pytest.raises(APIError) as caught:
            await query.execute()
        assert caught.value.code == "42501"
    assert len((await configs.select("id").execute()).data) == 1


async def test_a_write_that_goes_too_far_leaves_no_trace(alice: AsyncPostgrestClient) -> None:
    chats = alice.from_("chats")
    await chats.insert([{"title": "a"}, {"title": "a"}]).execute()

    with pytest.raises(APIError) as limited:
        await chats.update({"title": "b"}).eq("title", "a").max_affected(1).execute()
    with pytest.raises(APIError) as single:
        await chats.delete().eq("title", "a").select("id").single().execute()
    allowed = await chats.update({"title": "b"}).eq("title", "a").max_affected(2).execute()

    assert limited.value.code == "PGRST124"
    assert single.value.code == "PGRST116"
    assert len(allowed.data) == 2


async def test_what_breaks_a_rule_of_the_table_is_told_as_postgresql_tells_it(
    alice: AsyncPostgrestClient, http: httpx.AsyncClient
) -> None:
    configs = alice.from_("model_configs")
    await configs.insert(CONFIG).select("id").execute()
    tries = {
        "23505": ("model_configs?select=id", CONFIG, 409),
        "23514": ("model_configs?select=id", {**CONFIG, "name": "x", "max_tokens": 0}, 400),
        "23502": ("model_configs?select=id", {"name": "x"}, 400),
        "22P02": ("chats?select=id", {"title": "x", "model_config_id": "no"}, 400),
        "22P05": ("chats?select=id", {"title": "a\0b"}, 400),
        "PGRST204": ("chats?select=id", {"title": "x", "nope": 1}, 400),
    }

    for code, (url, row, status) in tries.items():
        response = await http.post(url, json=row, headers=AS_ALICE)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert "select" not in response.text.lower()
