"""Who is told of which change, and in which shape."""

import pytest

from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import SECRET, Service

pytestmark = pytest.mark.db


async def test_the_owner_is_told_of_an_insert_an_update_and_a_delete(
    service: Service, alice: Caller
) -> None:
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")

        chat = await service.insert(alice, "chats", title="first")
        inserted = await client.change()
        await service.run("update chats set title = 'second' where id = %s", chat)
        updated = await client.change()
        await service.run("delete from chats where id = %s", chat)
        deleted = await client.change()

    assert (inserted["type"], inserted["record"]["title"]) == ("INSERT", "first")
    assert inserted["schema"] == "public"
    assert inserted["table"] == "chats"
    assert inserted["errors"] is None
    assert {"name": "created_at", "type": "timestamptz"} in inserted["columns"]
    assert inserted["record"]["created_at"].endswith("+00:00")
    assert inserted["commit_timestamp"].endswith("Z")
    assert (updated["type"], updated["record"]["title"]) == ("UPDATE", "second")
    assert updated["old_record"] == {"id": chat}
    assert deleted["type"] == "DELETE"
    assert deleted["old_record"] == {"id": chat}
    assert "record" not in deleted


async def test_strangers_and_the_anonymous_are_told_of_nothing_and_the_service_of_everything(
    service: Service, alice: Caller, bob: Caller
) -> None:
    async with (
        service.connect() as stranger,
        service.connect() as anonymous,
        service.connect(key=SECRET) as operator,
    ):
        await stranger.follow(service.token(bob), table="chats")
        await anonymous.join(
            postgres_changes=[{"event": "*", "schema": "public", "table": "chats"}]
        )
        await anonymous.until("system")
        await operator.follow(table="chats")

        chat = await service.insert(alice, "chats", title="private")
        assert (await operator.change())["record"]["title"] == "private"
        await service.run("update chats set title = 'still' where id = %s", chat)
        assert (await operator.change())["record"]["title"] == "still"
        await service.run("delete from chats where id = %s", chat)
        assert (await operator.change())["old_record"] == {"id": chat}

        assert await stranger.heard() == []
        told = [frame["payload"] for frame in await anonymous.heard()]
        assert "private" not in str(told)
        assert chat not in str(told)


async def test_the_messages_of_a_deleted_chat_are_told_to_its_owner_alone(
    service: Service, alice: Caller, bob: Caller
) -> None:
    chat = await service.insert(alice, "chats", title="t")
    message = await service.insert(alice, "messages", chat_id=chat, role="user", content="hi")
    async with service.connect() as owner, service.connect() as stranger:
        await owner.follow(service.token(alice), table="messages", event="DELETE")
        await stranger.follow(service.token(bob), table="messages", event="DELETE")

        await service.run("delete from chats where id = %s", chat)

        assert (await owner.change())["old_record"] == {"id": message}
        assert await stranger.heard() == []


async def test_a_policy_that_stops_applying_stops_the_stream(
    service: Service, alice: Caller
) -> None:
    async with service.connect() as client, service.connect(key=SECRET) as operator:
        await client.follow(service.token(alice), table="chats")
        await operator.follow(table="chats")
        await service.run("drop policy chats_owner_all on chats")

        chat = "3f0c1c1e-0000-4000-8000-000000000001"
        await service.run(
            "insert into chats (id, user_id, title) values (%s, %s, 'hidden')", chat, alice.user_id
        )
        await operator.change()
        await service.run("delete from chats where id = %s", chat)
        await operator.change()

        assert await client.heard() == []


async def test_a_column_that_the_role_may_not_select_is_absent(
    service: Service, alice: Caller
) -> None:
    async with service.connect() as client:
        await client.follow(service.token(alice), table="model_configs")

        await service.run(
            "insert into model_configs (user_id, name, provider, model, api_key_encrypted)"
            " values (%s, 'n', 'openai', 'm', 'v1:sealed')",
            alice.user_id,
        )
        change = await client.change()

    assert change["record"]["has_key"] is True
    assert "api_key_encrypted" not in change["record"]
    assert "api_key_encrypted" not in {column["name"] for column in change["columns"]}
    assert "sealed" not in str(change)
