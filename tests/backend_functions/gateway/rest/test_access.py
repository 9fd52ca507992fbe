"""Who may see and change what: the same tables, asked by their owner, a stranger and nobody."""

from typing import Any

import httpx
import pytest
from postgrest import APIError, AsyncPostgrestClient, ReturnMethod
from psycopg import AsyncConnection

from tests.backend_functions.gateway.rest.conftest import People, as_person, fetch

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]
CONFIG = {"name": "c", "provider": "openai", "model": "m"}
VISIBLE = {
    "profiles": "id",
    "model_configs": "id,name",
    "chats": "*",
    "messages": "*",
    "jobs": "*",
}
HARMLESS = {
    "profiles": {"bio": "x"},
    "model_configs": {"name": "x"},
    "chats": {"title": "x"},
    "messages": {"content": "x"},
}


async def fill(client: AsyncPostgrestClient) -> dict[str, str]:
    """Write a row to every table that can be written and return their ids."""
    rows = {"model_configs": CONFIG, "chats": {"title": "t"}, "jobs": {"job_type": "image"}}
    ids = {
        table: (await fetch(client.from_(table).insert(row).select("id").single()))["id"]
        for table, row in rows.items()
    }
    message = {"chat_id": ids["chats"], "role": "user", "content": "hello"}
    made = await fetch(client.from_("messages").insert(message).select("id").single())
    return {**ids, "messages": made["id"]}


async def refused(query: Any) -> str:
    with pytest.raises(APIError) as caught:
        await query.execute()
    return str(caught.value.code)


async def test_a_stranger_sees_and_changes_nothing_of_the_owner_s(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient, people: People
) -> None:
    ids = {**await fill(alice), "profiles": people.id("alice")}

    for table, columns in VISIBLE.items():
        mine = await alice.from_(table).select(columns).eq("id", ids[table]).execute()
        theirs = await bob.from_(table).select(columns).eq("id", ids[table]).execute()
        assert (len(mine.data), theirs.data) == (1, [])
    for table, change in HARMLESS.items():
        update = bob.from_(table).update(change).eq("id", ids[table]).select("id")
        assert (await update.execute()).data == []
    for table in ("model_configs", "chats", "messages", "jobs"):
        delete = bob.from_(table).delete(returning=ReturnMethod.minimal)
        await delete.not_.is_("id", "null").execute()
        assert len((await alice.from_(table).select("id").execute()).data) == 1


async def test_nobody_reads_or_writes_without_a_user(
    alice: AsyncPostgrestClient, people: People
) -> None:
    await fill(alice)
    anon, nobody = as_person(alice.session, "anon"), as_person(alice.session, "nobody")

    for table, columns in VISIBLE.items():
        assert await refused(anon.from_(table).select(columns)) == "42501"
        assert (await nobody.from_(table).select(columns).execute()).data == []
    assert await refused(anon.from_("chats").insert({"title": "x"})) == "42501"
    assert await refused(nobody.from_("chats").insert({"title": "x"})) == "42501"


async def test_rows_cannot_be_made_for_given_to_or_hung_under_another(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient, people: People
) -> None:
    theirs, mine, bob_id = await fill(bob), await fill(alice), people.id("bob")
    chats, messages = alice.from_("chats"), alice.from_("messages")
    message = {"chat_id": theirs["chats"], "role": "user", "content": "x"}
    give_away = {"user_id": bob_id}
    borrow = {"model_config_id": theirs["model_configs"]}
    done = {"status": "completed"}
    jobs = alice.from_("jobs")

    tries = [
        (chats.insert({"title": "x", **give_away}, returning=ReturnMethod.minimal), "42501"),
        (chats.update(give_away).eq("id", mine["chats"]), "42501"),
        (chats.update(borrow).eq("id", mine["chats"]), "23503"),
        (chats.insert({"title": "x", **borrow}), "23503"),
        (messages.insert(message), "23503"),
        (messages.update({"chat_id": theirs["chats"]}).eq("id", mine["messages"]), "42501"),
        (jobs.insert({"job_type": "x", **done}), "42501"),
        (jobs.update(done).eq("id", mine["jobs"]), "42501"),
    ]

    assert [await refused(query) for query, _ in tries] == [code for _, code in tries]
    assert len((await bob.from_("messages").select("id").execute()).data) == 1


async def test_errors_tell_nothing_of_another_s_rows(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient, people: People
) -> None:
    theirs = await fill(bob)
    message = {"chat_id": theirs["chats"], "role": "user", "content": "x"}
    profile = {"username": "taken"}
    await bob.from_("profiles").update(profile).eq("id", people.id("bob")).execute()

    for query in (
        alice.from_("chats").insert({"id": theirs["chats"], "title": "x"}),
        alice.from_("messages").insert(message),
        alice.from_("profiles").update(profile).eq("id", people.id("alice")),
    ):
        with pytest.raises(APIError) as caught:
            await query.execute()
        assert caught.value.code in ("23505", "23503", "23514")
        assert "(" not in str(caught.value.details)


async def test_a_forgotten_filter_changes_nothing(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient
) -> None:
    await fill(alice)

    assert await refused(alice.from_("chats").delete()) == "21000"
    assert await refused(alice.from_("chats").update({"title": "x"})) == "21000"
    assert len((await alice.from_("chats").select("id").execute()).data) == 1


async def test_the_service_sees_everybody_s_rows(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient, service: AsyncPostgrestClient
) -> None:
    await fill(alice)
    await fill(bob)

    for table in VISIBLE:
        assert len((await service.from_(table).select("*").execute()).data) == 2


async def test_row_level_security_holds_for_embedded_rows(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient
) -> None:
    chat = await fetch(alice.from_("chats").insert({"title": "a"}).select("id").single())
    message = {"chat_id": chat["id"], "role": "user", "content": "secret"}
    await alice.from_("messages").insert(message).execute()
    shown = "title, messages(content)"

    mine = await fetch(alice.from_("chats").select(shown))
    theirs = await fetch(bob.from_("chats").select(shown))

    assert mine == [{"title": "a", "messages": [{"content": "secret"}]}]
    assert theirs == []


async def test_the_sealed_key_is_no_oracle_for_what_embeds_its_table(
    alice: AsyncPostgrestClient, http: httpx.AsyncClient
) -> None:
    await fill(alice)
    config = "select=id,model_configs(id)"
    for query in (
        "select=id,model_configs(api_key_encrypted)",
        "select=id,model_configs(*)",
        "select=id,...model_configs(k:api_key_encrypted)",
        f"{config}&model_configs.api_key_encrypted=like.v1*",
        f"{config}&model_configs.or=(api_key_encrypted.is.null,id.is.null)",
        f"{config}&order=model_configs(api_key_encrypted)",
        "select=id,model_configs!inner()&model_configs.api_key_encrypted=not.is.null",
    ):
        response = await http.get(f"chats?{query}", headers={"Authorization": "Bearer alice"})
        assert (response.status_code, response.json()["code"]) == (403, "42501"), query


async def test_no_condition_widens_what_a_caller_sees(
    alice: AsyncPostgrestClient, bob: AsyncPostgrestClient, people: People
) -> None:
    await fill(alice)
    bob_s = people.id("bob")
    await fill(bob)

    for words in (f"title.eq.x,user_id.eq.{bob_s}", f"id.not.is.null,user_id.eq.{bob_s}"):
        rows = await fetch(alice.from_("chats").select("user_id").or_(words))
        assert {row["user_id"] for row in rows} <= {people.id("alice")}
