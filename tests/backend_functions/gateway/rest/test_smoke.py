import time, json
import pytest, httpx

pytestmark = pytest.mark.db


async def test_it(http, alice, bob, service):
    r = await alice.from_("chats").insert([{"title": f"c{i}"} for i in range(30)]).execute()
    print(len(r.data), r.data[0])
    r = (
        await alice.from_("chats")
        .select("id,title,up:updated_at::text", count="exact")
        .order("title", desc=True)
        .range(2, 4)
        .execute()
    )
    print(r)
    print(await alice.from_("chats").select("title").eq("title", "c3").single().execute())
    print(await alice.from_("chats").select("title").eq("title", "c3").csv().execute())
    print(await alice.from_("chats").update({"title": "x"}).eq("title", "c3").execute())
    print(await alice.from_("chats").delete().eq("title", "x").execute())
    h = {"Authorization": "Bearer alice"}
    for m, u, kw in [
        ("GET", "chats?select=title&limit=2", {}),
        ("HEAD", "chats?select=title&limit=2", {"headers": {"Prefer": "count=planned"}}),
        ("HEAD", "chats?select=title&limit=2", {"headers": {"Prefer": "count=estimated"}}),
        ("GET", "chats?id=eq.x", {}),
        ("GET", "nochats", {}),
        ("GET", "chats?x=eq.1", {}),
        ("HEAD", "chats?x=eq.1", {}),
        ("GET", "chats?select=messages(id)", {}),
        ("GET", "chats?id=foo.x", {}),
        ("GET", "", {}),
        ("GET", "a/b/c", {}),
        ("PUT", "chats", {}),
        ("GET", "chats?title=like(any).{c1,c2*}&select=title", {}),
        (
            "GET",
            'chats?or=(title.eq.c1,title.in.("c2",c4),and(title.eq.c5,not.or(title.is.null)))&select=title',
            {},
        ),
        ("GET", "chats?title=fts(english).c1&select=title", {}),
        ("GET", "chats?offset=100", {"headers": {"Prefer": "count=exact"}}),
        ("GET", "model_configs", {}),
        ("DELETE", "chats", {}),
        ("PATCH", "chats?title=eq.c1", {"json": {}}),
        ("POST", "chats", {"json": {}}),
        ("POST", "chats", {"json": []}),
        (
            "POST",
            "chats?columns=title",
            {"json": [{"title": "q"}], "headers": {"Prefer": "return=headers-only"}},
        ),
        ("POST", "profiles", {"json": [{}]}),
        ("POST", "rpc/nope", {"json": {}}),
        ("GET", "chats", {"headers": {"Authorization": "Bearer bad"}}),
        ("GET", "chats", {"headers": {"Authorization": "Bearer anon"}}),
        (
            "GET",
            "chats?limit=1",
            {"headers": {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"}},
        ),
        ("GET", "chats?limit=1", {"headers": {"Accept": "application/vnd.pgrst.plan+text"}}),
        ("GET", "chats?select=title&limit=1&offset=3", {"headers": {"Accept": "text/csv"}}),
        ("GET", "chats?select=&limit=1&offset=3", {}),
        ("GET", "chats?select=rest_row:title,%22a%25b%22:title,id->x&limit=1&offset=3", {}),
    ]:
        r = await http.request(m, u, **{**kw, "headers": {**h, **kw.get("headers", {})}})
        print(
            m,
            u,
            r.status_code,
            {k: v for k, v in r.headers.items() if k not in ("content-length",)},
            r.text[:300],
        )
    for _ in range(3):
        t = time.perf_counter()
        for _ in range(100):
            await http.get("chats?select=id,title&order=updated_at.desc&limit=20", headers=h)
        print("ms", (time.perf_counter() - t) * 10)
