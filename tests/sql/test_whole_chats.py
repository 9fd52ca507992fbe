"""Chats that are deleted and restored, or brought in from elsewhere, whole."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.stage import Persona, Row, Stage, add_chat, add_config, add_message

pytestmark = pytest.mark.db

WHOLE = (
    "select to_jsonb(c) as chat, (select jsonb_agg(to_jsonb(m) - 'seq' order by m.seq)"
    " from public.messages m where m.chat_id = c.id) as messages"
    " from public.chats c where c.id = %(id)s"
)


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


@pytest.fixture
def bob(stage: Stage) -> Persona:
    return stage.sign_up()


@pytest.fixture
def chat(stage: Stage, ada: Persona) -> UUID:
    """Make a chat of long ago with two versions of its second turn, the older one shown."""
    chat = add_chat(ada, "a title", model_config_id=add_config(ada))
    first = add_message(ada, chat, "question")
    shown = add_message(ada, chat, "answer", role="assistant", parent_id=first)
    add_message(ada, chat, "other answer", role="assistant", parent_id=first)
    ada.run("select public.show_version(%(id)s)", id=shown)
    return chat


def whole(persona: Persona, chat: UUID) -> Row:
    (row,) = persona.run(WHOLE, id=chat)
    return row


def delete(persona: Persona, *chats: UUID) -> set[UUID]:
    rows = persona.run("select public.delete_chats(%(ids)s) as id", ids=list(chats))
    return {row["id"] for row in rows}


def restore(persona: Persona, *chats: UUID) -> set[UUID]:
    rows = persona.run("select id from public.restore_chats(%(ids)s)", ids=list(chats))
    return {row["id"] for row in rows}


def deleted(persona: Persona) -> list[tuple[str, int]]:
    rows = persona.run("select * from public.deleted_chats()")
    return [(row["title"], row["message_count"]) for row in rows]


def import_chat(persona: Persona, chat: Any, messages: Any) -> UUID:
    new: UUID = persona.value(
        "select (public.import_chat(%(chat)s, %(messages)s)).id",
        chat=json.dumps(chat),
        messages=json.dumps(messages),
    )
    return new


def test_a_restored_chat_is_what_it_was_down_to_its_times_versions_and_tip(
    ada: Persona, chat: UUID
) -> None:
    before = whole(ada, chat)

    assert delete(ada, chat) == {chat}
    assert ada.run(WHOLE, id=chat) == []
    assert deleted(ada) == [("a title", 3)]
    assert restore(ada, chat) == {chat}

    assert whole(ada, chat) == before
    assert deleted(ada) == []


def test_an_empty_chat_is_deleted_and_restored_too(ada: Persona) -> None:
    chat = add_chat(ada, "empty")

    delete(ada, chat)

    assert restore(ada, chat) == {chat}


def test_nobody_deletes_lists_or_restores_the_chats_of_others(
    ada: Persona, bob: Persona, chat: UUID
) -> None:
    assert delete(bob, chat) == set()
    delete(ada, chat)

    assert deleted(bob) == []
    assert restore(bob, chat) == set()
    assert bob.run("delete from private.deleted_chats returning id") == []
    assert restore(ada, chat) == {chat}


def test_the_model_config_of_a_restored_chat_may_be_gone(ada: Persona, chat: UUID) -> None:
    delete(ada, chat)
    ada.run("delete from public.model_configs")

    restore(ada, chat)

    assert whole(ada, chat)["chat"]["model_config_id"] is None


def test_what_was_deleted_a_month_ago_is_gone_for_good(
    stage: Stage, ada: Persona, chat: UUID
) -> None:
    delete(ada, chat)
    stage.service.run("update private.deleted_chats set deleted_at = now() - interval '31 days'")

    assert deleted(ada) == []
    delete(ada, uuid4())

    assert ada.value("select count(*) from private.deleted_chats") == 0


def test_an_answer_in_the_making_is_interrupted_when_its_chat_comes_back(ada: Persona) -> None:
    chat = add_chat(ada)
    add_message(ada, chat, "so far", role="assistant", metadata='{"status": "streaming"}')

    delete(ada, chat)
    restore(ada, chat)

    assert whole(ada, chat)["messages"][0]["metadata"]["status"] == "interrupted"


def test_messages_that_name_no_parent_follow_one_another(ada: Persona) -> None:
    messages = [{"role": "user", "content": text} for text in "abc"]

    chat = import_chat(ada, {"title": "straight"}, messages)

    kept = whole(ada, chat)["messages"]
    assert [message["content"] for message in kept] == ["a", "b", "c"]
    assert [message["parent_id"] for message in kept] == [None, kept[0]["id"], kept[1]["id"]]


def test_an_imported_chat_keeps_its_times_and_is_listed_by_them(ada: Persona) -> None:
    ids = [str(uuid4()) for _ in range(2)]
    times = ["2019-01-01T10:00:00+00:00", "2019-01-01T10:05:00+00:00"]
    messages = [
        {"id": ids[0], "role": "user", "content": "hello", "created_at": times[0]},
        {
            "id": ids[1],
            "parent_id": ids[0],
            "role": "assistant",
            "content": "world",
            "created_at": times[1],
        },
    ]

    chat = import_chat(
        ada, {"title": "old", "created_at": times[0], "updated_at": times[1]}, messages
    )

    kept = whole(ada, chat)
    assert (kept["chat"]["created_at"], kept["chat"]["updated_at"]) == tuple(times)
    assert kept["chat"]["current_message_id"] == ids[1]
    assert [message["created_at"] for message in kept["messages"]] == times


@pytest.mark.parametrize(
    ("chat", "messages", "sqlstate"),
    [
        ({"title": "t", "user_id": str(uuid4())}, [], ""),
        ({}, [], "23502"),
        ({"title": "t"}, {}, "22023"),
        ({"title": "t"}, [{"role": "root", "content": "x"}], "23514"),
        ({"title": "t"}, [{"role": "user"}], "23502"),
        ({"title": "t", "current_message_id": str(uuid4())}, [], "23503"),
        (
            {"title": "t"},
            [{"id": str(uuid4()), "parent_id": str(uuid4()), "role": "user", "content": "x"}],
            "23503",
        ),
    ],
    ids=["owner", "no title", "no list", "role", "no text", "tip", "parent"],
)
def test_an_import_is_the_callers_own_and_well_formed_or_nothing(
    chat: Any, messages: Any, sqlstate: str, ada: Persona, bob: Persona
) -> None:
    refusal = ada.refusal(
        "select public.import_chat(%(chat)s, %(messages)s)",
        chat=json.dumps(chat),
        messages=json.dumps(messages),
    )

    assert refusal == sqlstate
    owners = ada.run("select user_id from public.chats")
    assert owners == ([] if sqlstate else [{"user_id": ada.user_id}])


def test_an_import_cannot_reach_into_another_users_chat(
    ada: Persona, bob: Persona, chat: UUID
) -> None:
    stolen = whole(ada, chat)

    refusal = bob.refusal(
        "select public.import_chat(%(chat)s, %(messages)s)",
        chat=json.dumps({**stolen["chat"], "id": None}),
        messages=json.dumps(stolen["messages"]),
    )

    assert refusal == "23505"
    assert whole(ada, chat) == stolen


def test_a_chat_too_long_for_one_call_goes_on_with_its_last_use_kept(
    ada: Persona, bob: Persona
) -> None:
    times = {"created_at": "2019-01-01T10:00:00+00:00", "updated_at": "2019-02-01T10:00:00+00:00"}
    chat = import_chat(ada, {"title": "long", **times}, [{"role": "user", "content": "a"}])
    more = "select public.import_messages(%(chat)s, %(messages)s)"
    messages = json.dumps([{"role": "assistant", "content": "b"}])

    ada.run(more, chat=chat, messages=messages)

    kept = whole(ada, chat)
    assert [message["content"] for message in kept["messages"]] == ["a", "b"]
    assert kept["chat"]["current_message_id"] == kept["messages"][1]["id"]
    assert kept["chat"]["updated_at"] == times["updated_at"]
    assert bob.refusal(more, chat=chat, messages=messages) == "P0002"


def test_strangers_and_the_anonymous_cannot_call_what_makes_chats(stage: Stage) -> None:
    assert stage.anonymous.refusal("select public.import_chat('{}', '[]')") == "42501"
    assert stage.anonymous.refusal("select public.delete_chats('{}')") == "42501"
    nobody = stage.signed_in(None)
    assert nobody.refusal("""select public.import_chat('{"title": "t"}', '[]')""") == "23502"
