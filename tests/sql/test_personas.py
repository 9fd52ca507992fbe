"""Who sees and changes what: the owner, a stranger, nobody in particular, the service."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from tests.sql.stage import Persona, Stage, add_chat, add_config, add_job, add_message

pytestmark = pytest.mark.db

DENIED = "42501"
TABLES = ("profiles", "model_configs", "chats", "messages", "jobs")
CHANGES = {
    "profiles": "bio = 'changed'",
    "model_configs": "model = 'changed'",
    "chats": "title = 'changed'",
    "messages": "content = 'changed'",
}
INSERTS = {
    "profiles": "(id) values (gen_random_uuid())",
    "model_configs": "(name, provider, model) values ('n', 'p', 'm')",
    "chats": "(title) values ('t')",
    "messages": "(chat_id, role, content) values (gen_random_uuid(), 'user', 'c')",
    "jobs": "(job_type) values ('j')",
}


@dataclass(frozen=True, slots=True)
class Person:
    """A user with one row in every table, and two in messages."""

    persona: Persona
    config: UUID
    chat: UUID
    message: UUID
    job: UUID


def arrive(stage: Stage) -> Person:
    persona = stage.sign_up()
    config = add_config(persona)
    chat = add_chat(persona, model_config_id=config)
    message = add_message(persona, chat)
    add_message(persona, chat, "hello", role="assistant")
    return Person(persona, config, chat, message, add_job(persona))


@pytest.fixture
def alice(stage: Stage) -> Person:
    return arrive(stage)


@pytest.fixture
def bob(stage: Stage) -> Person:
    return arrive(stage)


def rows_of(stage: Stage, table: str, person: Person) -> list[str]:
    key = "id" if table == "profiles" else "user_id"
    rows = stage.service.run(
        f"select to_jsonb(t)::text as row from public.{table} t where {key} = %(id)s order by id",  # noqa: S608
        id=person.persona.user_id,
    )
    return [row["row"] for row in rows]


@pytest.mark.parametrize("table", TABLES)
def test_owners_see_their_own_rows_and_nobody_elses(
    table: str, stage: Stage, alice: Person, bob: Person
) -> None:
    key = "id" if table == "profiles" else "user_id"

    rows = alice.persona.run(f"select {key} as owner from public.{table}")  # noqa: S608

    assert len(rows) == len(rows_of(stage, table, alice)) > 0
    assert {row["owner"] for row in rows} == {alice.persona.user_id}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("user_id", [None, uuid4()], ids=["no sub", "unknown sub"])
def test_a_token_that_names_no_user_sees_and_changes_nothing(
    table: str, user_id: UUID | None, stage: Stage, alice: Person
) -> None:
    stranger = stage.signed_in(user_id)
    before = rows_of(stage, table, alice)

    assert stranger.run(f"select id from public.{table}") == []  # noqa: S608
    assert stranger.refusal(f"insert into public.{table} {INSERTS[table]}") != ""
    if table in CHANGES:
        assert stranger.count(f"update public.{table} set {CHANGES[table]}") == 0  # noqa: S608
    if table != "profiles":
        assert stranger.count(f"delete from public.{table}") == 0  # noqa: S608
    assert rows_of(stage, table, alice) == before


@pytest.mark.parametrize("table", TABLES)
def test_without_a_user_every_access_is_refused(table: str, stage: Stage, alice: Person) -> None:
    column = "bio" if table == "profiles" else "created_at"

    for statement in (
        f"select id from public.{table}",  # noqa: S608
        f"select count(*) from public.{table}",  # noqa: S608
        f"insert into public.{table} {INSERTS[table]}",
        f"insert into public.{table} default values",
        f"update public.{table} set {column} = null",  # noqa: S608
        f"delete from public.{table}",  # noqa: S608
        f"truncate public.{table}",
        f"lock table public.{table}",
    ):
        assert stage.anonymous.refusal(statement) == DENIED, statement


@pytest.mark.parametrize("table", TABLES)
def test_the_service_sees_and_changes_everybodys_rows(
    table: str, stage: Stage, alice: Person, bob: Person
) -> None:
    expected = len(rows_of(stage, table, alice)) + len(rows_of(stage, table, bob))

    assert stage.service.count(f"select * from public.{table}") == expected  # noqa: S608
    assert stage.service.count(f"update public.{table} set created_at = now()") == expected  # noqa: S608
    assert stage.service.count(f"delete from public.{table}") == expected  # noqa: S608


@pytest.mark.parametrize("table", CHANGES)
def test_a_blind_update_reaches_only_the_callers_rows(
    table: str, stage: Stage, alice: Person, bob: Person
) -> None:
    before = rows_of(stage, table, bob)

    changed = alice.persona.count(f"update public.{table} set {CHANGES[table]}")  # noqa: S608

    assert changed == len(rows_of(stage, table, alice))
    assert rows_of(stage, table, bob) == before


@pytest.mark.parametrize("table", [table for table in TABLES if table != "profiles"])
def test_a_blind_delete_reaches_only_the_callers_rows(
    table: str, stage: Stage, alice: Person, bob: Person
) -> None:
    before = rows_of(stage, table, bob)

    alice.persona.run(f"delete from public.{table}")  # noqa: S608

    assert rows_of(stage, table, alice) == []
    assert rows_of(stage, table, bob) == before


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("where", ["", " where id = %(id)s"], ids=["blind", "one row"])
def test_no_row_can_be_given_away(
    table: str, where: str, stage: Stage, alice: Person, bob: Person
) -> None:
    column = "id" if table == "profiles" else "user_id"
    ids = {
        "profiles": alice.persona.user_id,
        "model_configs": alice.config,
        "chats": alice.chat,
        "messages": alice.message,
        "jobs": alice.job,
    }

    refusal = alice.persona.refusal(
        f"update public.{table} set {column} = %(bob)s{where}",  # noqa: S608
        bob=bob.persona.user_id,
        id=ids[table],
    )

    assert refusal == DENIED


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_made_in_somebody_elses_name(
    table: str, stage: Stage, alice: Person, bob: Person
) -> None:
    statements = {
        "profiles": "insert into public.profiles (id) values (%(bob)s)",
        "model_configs": "insert into public.model_configs (user_id, name, provider, model)"
        " values (%(bob)s, 'n', 'p', 'm')",
        "chats": "insert into public.chats (user_id, title) values (%(bob)s, 't')",
        "messages": "insert into public.messages (user_id, chat_id, role, content)"
        " values (%(bob)s, %(chat)s, 'user', 'c')",
        "jobs": "insert into public.jobs (user_id, job_type) values (%(bob)s, 'j')",
    }
    before = rows_of(stage, table, bob)

    refusal = alice.persona.refusal(
        statements[table], bob=bob.persona.user_id, chat=bob.chat, alice=alice.chat
    )

    assert refusal == DENIED
    assert rows_of(stage, table, bob) == before


@pytest.mark.parametrize("table", ["model_configs", "chats", "messages", "jobs"])
def test_an_upsert_does_not_take_over_somebody_elses_row(
    table: str, stage: Stage, alice: Person, bob: Person
) -> None:
    before = rows_of(stage, table, bob)
    statements = {
        "model_configs": "insert into public.model_configs (id, name, provider, model)"
        " values (%(id)s, 'n', 'p', 'm') on conflict (id) do update set model = 'stolen'",
        "chats": "insert into public.chats (id, title)"
        " values (%(id)s, 't') on conflict (id) do update set title = 'stolen'",
        "messages": "insert into public.messages (id, chat_id, role, content)"
        " values (%(id)s, %(chat)s, 'user', 'c') on conflict (id) do update set content = 'stolen'",
        "jobs": "insert into public.jobs (id, job_type)"
        " values (%(id)s, 'j') on conflict (id) do update set job_type = 'stolen'",
    }
    ids = {
        "model_configs": bob.config,
        "chats": bob.chat,
        "messages": bob.message,
        "jobs": bob.job,
    }

    refusal = alice.persona.refusal(statements[table], id=ids[table], chat=alice.chat)

    assert refusal == DENIED
    assert rows_of(stage, table, bob) == before
    assert (
        stage.service.value(
            "select current_message_id is not distinct from %(bobs)s from public.chats"
            " where id = %(id)s",
            id=alice.chat,
            bobs=bob.message,
        )
        is False
    )
