"""A profile for each new user, whatever they say about themselves, and nothing left after them."""

import json

import pytest
from psycopg import Connection

from tests.sql.stage import Persona, Row, Stage, add_chat, add_config, add_job, add_message

pytestmark = pytest.mark.db


def profile(persona: Persona) -> dict[str, object]:
    (row,) = persona.run("select * from public.profiles")
    return row


def test_a_new_user_has_a_profile_with_the_name_they_gave(stage: Stage) -> None:
    ada = stage.sign_up(json.dumps({"full_name": "Ada Lovelace"}))

    row = profile(ada)

    assert row["id"] == ada.user_id
    assert row["full_name"] == "Ada Lovelace"
    assert row["survey_completed"] is False


HOSTILE = {
    "full_name": "Mallory",
    "role": "service_role",
    "id": "00000000-0000-0000-0000-000000000000",
    "username": "admin",
    "bio": "x",
    "avatar_url": "https://evil.example",
    "survey_completed": True,
    "is_super_admin": True,
    "created_at": "1970-01-01",
    "app_metadata": {"role": "service_role"},
}


def test_of_what_a_user_says_at_sign_up_only_the_name_is_taken(stage: Stage) -> None:
    mallory = stage.sign_up(json.dumps(HOSTILE))

    row = profile(mallory)

    taken = {name for name, value in row.items() if value not in (None, False)}
    assert taken == {"id", "full_name", "created_at", "updated_at"}
    assert row["id"] == mallory.user_id
    assert mallory.value("select auth.role()") == "authenticated"
    assert (
        stage.service.value(
            "select role || aud from auth.users where id = %(id)s", id=mallory.user_id
        )
        == "authenticatedauthenticated"
    )


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ('{"full_name": "%s"}' % ("é" * 5_000), "é" * 200),
        ('{"full_name": "a\\u001b[2Jb"}', "a\x1b[2Jb"),
        ('{"full_name": ""}', ""),
        ('{"full_name": null}', None),
        ('{"full_name": {"full_name": "nested"}}', None),
        ('{"full_name": ["a", "b"]}', None),
        ('{"full_name": 7}', None),
        ('{"full_name": "\'); drop table x; --"}', "'); drop table x; --"),
        ("[]", None),
        ('"full_name"', None),
        ("null", None),
    ],
    ids=[
        "long", "escape", "empty", "null", "object", "array", "number", "quote", "not an object",
        "text", "nothing",
    ],
)  # fmt: skip
def test_no_metadata_keeps_a_user_from_signing_up(
    metadata: str, name: str | None, stage: Stage
) -> None:
    assert profile(stage.sign_up(metadata))["full_name"] == name


def test_a_name_of_a_megabyte_leaves_neither_user_nor_profile(stage: Stage) -> None:
    auth = Persona(stage.connection, "supabase_auth_admin")

    refusal = auth.refusal(
        "insert into auth.users (email, raw_user_meta_data)"
        " values ('big@example.com', jsonb_build_object('full_name', repeat('x', 1048576)))"
    )

    assert refusal == "23514"
    assert auth.count("select from auth.users") == 0
    assert stage.service.count("select from public.profiles") == 0


def test_when_the_profile_cannot_be_made_there_is_no_user_either(
    catalogue: Connection[Row],
) -> None:
    with catalogue.transaction(force_rollback=True):
        catalogue.execute("alter table public.profiles add check (full_name <> 'unwelcome')")
        auth = Persona(catalogue, "supabase_auth_admin")

        refusal = auth.refusal(
            """insert into auth.users (raw_user_meta_data) values ('{"full_name": "unwelcome"}')"""
        )

        assert refusal == "23514"
        assert auth.count("select from auth.users") == 0


def test_nothing_is_left_of_a_deleted_user_and_nobody_else_is_touched(stage: Stage) -> None:
    ada, bob = stage.sign_up(), stage.sign_up()
    for person in (ada, bob):
        chat = add_chat(person, model_config_id=add_config(person))
        add_message(person, chat)
        add_message(person, chat, role="assistant")
        add_job(person)

    stage.delete_user(ada)

    for table, rows in (
        ("profiles", 1), ("model_configs", 1), ("chats", 1), ("messages", 2), ("jobs", 1),
    ):  # fmt: skip
        key = "id" if table == "profiles" else "user_id"
        owners = stage.service.run(f"select {key} as owner from public.{table}")  # noqa: S608
        assert [row["owner"] for row in owners] == [bob.user_id] * rows
