"""The running backend tells a terminal what another one does."""

import asyncio

from tests.support.backend import BackendUser
from tests.support.home import Home
from tests.support.phoenix import PhoenixClient, phoenix


async def _rename_and_hear(user: BackendUser, chat: str) -> dict[str, object]:
    async with phoenix(user.url, user.key) as client:
        await client.follow(user.token, table="chats", event="UPDATE", filter=f"id=eq.{chat}")
        await asyncio.to_thread(user.call, "PATCH", f"/rest/v1/chats?id=eq.{chat}", {"title": "B"})
        return await _next_change(client)


async def _next_change(client: PhoenixClient) -> dict[str, object]:
    record: dict[str, object] = (await client.change())["record"]
    return record


def test_a_chat_that_is_renamed_elsewhere_is_told_at_once(home: Home) -> None:
    env = dict(line.split("=", 1) for line in home.run("backend", "env").text.splitlines())
    person = BackendUser(
        env["SUPABASE_URL"],
        env["SUPABASE_ANON_KEY"],
        env["POCKETLLM_EMAIL"],
        env["POCKETLLM_PASSWORD"],
        token=env["SUPABASE_ANON_KEY"],
    )
    body = {"email": person.email, "password": person.password}
    session = person.call("POST", "/auth/v1/token?grant_type=password", body)
    user = BackendUser(
        person.url, person.key, person.email, person.password, session["access_token"]
    )
    chat = "7d1f3a5e-0000-4000-8000-00000000beef"
    user.call("POST", "/rest/v1/chats", {"id": chat, "title": "A"})

    record = asyncio.run(_rename_and_hear(user, chat))

    assert (record["id"], record["title"]) == (chat, "B")
