"""What even an owner may not do, and what nobody may do to another's rows through their own."""

from uuid import UUID, uuid4

import pytest

from tests.sql.stage import Persona, Stage, add_chat, add_config, add_job, add_message

pytestmark = pytest.mark.db

DENIED = "42501"
NO_SUCH_ROW = "23503"


@pytest.fixture
def alice(stage: Stage) -> Persona:
    return stage.sign_up()


@pytest.fixture
def bob(stage: Stage) -> Persona:
    return stage.sign_up()


@pytest.mark.parametrize(
    "statement",
    [
        "select api_key_encrypted from public.model_configs",
        "select * from public.model_configs",
        "select m from public.model_configs m",
        "select to_jsonb(m) from public.model_configs m",
        "select count(api_key_encrypted) from public.model_configs",
        "select id from public.model_configs order by api_key_encrypted",
        "select id from public.model_configs where api_key_encrypted like 'v1:%'",
        "select id from public.model_configs where api_key_encrypted is null",
        "select id from public.model_configs group by id, api_key_encrypted",
        "update public.model_configs set model = model where api_key_encrypted > ''",
        "update public.model_configs set model = api_key_encrypted",
        "update public.model_configs set model = model returning api_key_encrypted",
        "delete from public.model_configs where api_key_encrypted > ''",
        "delete from public.model_configs returning api_key_encrypted",
        "copy public.model_configs to stdout",
    ],
)
def test_the_sealed_key_is_not_an_owners_to_read_nor_to_ask_about(
    statement: str, stage: Stage, alice: Persona
) -> None:
    stage.service.run(
        "insert into public.model_configs (user_id, name, provider, model, api_key_encrypted)"
        " values (%(id)s, 'n', 'p', 'm', 'v1:sealed')",
        id=alice.user_id,
    )

    assert alice.refusal(statement) == DENIED


@pytest.mark.parametrize("column", ["api_key_encrypted", "key_last4", "created_at", "updated_at"])
def test_what_is_kept_about_a_model_config_is_not_an_owners_to_write(
    column: str, alice: Persona
) -> None:
    add_config(alice)
    value = "now()" if column.endswith("_at") else "'abcd'"

    assert alice.refusal(f"update public.model_configs set {column} = {value}") == DENIED  # noqa: S608
    assert (
        alice.refusal(
            f"insert into public.model_configs (name, provider, model, {column})"  # noqa: S608
            f" values ('n', 'p', 'm', {value})"
        )
        == DENIED
    )


def test_whether_a_config_has_a_key_follows_from_the_key_alone(
    stage: Stage, alice: Persona
) -> None:
    config = add_config(alice)

    assert alice.refusal("update public.model_configs set has_key = true") != ""
    assert stage.service.refusal("update public.model_configs set has_key = true") != ""
    assert alice.value("select has_key from public.model_configs") is False
    stage.service.run(
        "update public.model_configs set api_key_encrypted = 'v1:sealed', key_last4 = 'abcd'"
        " where id = %(id)s",
        id=config,
    )
    assert alice.run("select has_key, key_last4 from public.model_configs") == [
        {"has_key": True, "key_last4": "abcd"}
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "'completed'"),
        ("output_data", "'{}'"),
        ("error_log", "'x'"),
        ("created_at", "now()"),
        ("updated_at", "now()"),
    ],
)
def test_the_state_and_result_of_a_job_are_the_workers_to_write(
    column: str, value: str, alice: Persona
) -> None:
    add_job(alice)

    assert alice.refusal(f"update public.jobs set {column} = {value}") == DENIED  # noqa: S608
    assert (
        alice.refusal(
            f"insert into public.jobs (job_type, {column}) values ('image_generation', {value})"  # noqa: S608
        )
        == DENIED
    )


def test_a_new_job_waits_for_the_worker(alice: Persona) -> None:
    add_job(alice, input_data='{"prompt": "a cat"}')

    assert alice.run("select status, output_data, error_log from public.jobs") == [
        {"status": "pending", "output_data": None, "error_log": None}
    ]


def test_profiles_come_and_go_only_with_their_users(stage: Stage, alice: Persona) -> None:
    assert alice.refusal("insert into public.profiles (id) values (auth.uid())") == DENIED
    assert alice.refusal("delete from public.profiles") == DENIED

    stage.delete_user(alice)

    assert stage.service.run("select * from public.profiles") == []


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("profiles", "created_at"),
        ("profiles", "updated_at"),
        ("chats", "id"),
        ("chats", "created_at"),
        ("chats", "updated_at"),
        ("messages", "id"),
        ("messages", "chat_id"),
        ("messages", "role"),
        ("messages", "parent_id"),
        ("messages", "seq"),
        ("messages", "created_at"),
    ],
)
def test_where_and_when_a_row_belongs_is_not_an_owners_to_change(
    table: str, column: str, alice: Persona
) -> None:
    add_message(alice, add_chat(alice))

    assert alice.refusal(f"update public.{table} set {column} = default") == DENIED  # noqa: S608


@pytest.mark.parametrize("column", ["seq", "user_id", "created_at"])
def test_an_owner_does_not_choose_what_the_database_gives_a_message(
    column: str, alice: Persona
) -> None:
    value = {"seq": "1", "user_id": "auth.uid()", "created_at": "now()"}[column]

    refusal = alice.refusal(
        f"insert into public.messages (chat_id, role, content, {column})"  # noqa: S608
        f" overriding system value values (%(chat)s, 'user', 'c', {value})",
        chat=add_chat(alice),
    )

    assert refusal == DENIED


def test_a_message_in_somebody_elses_chat_is_refused_as_in_one_that_does_not_exist(
    stage: Stage, alice: Persona, bob: Persona
) -> None:
    chat = add_chat(bob)
    parent = add_message(bob, chat)

    def write(chat_id: UUID, parent_id: UUID | None) -> tuple[str, str]:
        return alice.error(
            "insert into public.messages (chat_id, role, content, parent_id)"
            " values (%(chat)s, 'user', 'c', %(parent)s)",
            chat=chat_id,
            parent=parent_id,
        )

    assert write(chat, None)[0] == NO_SUCH_ROW
    assert write(chat, None) == write(uuid4(), None)
    assert write(chat, parent)[0] == NO_SUCH_ROW
    assert write(chat, parent) == write(uuid4(), uuid4())
    assert stage.service.count("select id from public.messages") == 1


def test_a_chat_cannot_be_answered_with_somebody_elses_model_config(
    alice: Persona, bob: Persona
) -> None:
    config = add_config(bob)
    chat = add_chat(alice)

    def use(statement: str, config_id: UUID) -> tuple[str, str]:
        return alice.error(statement, config=config_id, chat=chat)

    change = "update public.chats set model_config_id = %(config)s where id = %(chat)s"
    insert = "insert into public.chats (title, model_config_id) values ('t', %(config)s)"
    assert use(change, config)[0] == use(insert, config)[0] == NO_SUCH_ROW
    assert use(change, config) == use(change, uuid4())
    assert use(insert, config) == use(insert, uuid4())


@pytest.mark.parametrize("whose", ["another chat", "somebody else's chat", "nowhere"])
def test_a_parent_and_a_tip_are_messages_of_the_same_chat(
    whose: str, alice: Persona, bob: Persona
) -> None:
    chat = add_chat(alice)
    add_message(alice, chat)
    elsewhere = {
        "another chat": lambda: add_message(alice, add_chat(alice)),
        "somebody else's chat": lambda: add_message(bob, add_chat(bob)),
        "nowhere": uuid4,
    }[whose]()

    child = alice.refusal(
        "insert into public.messages (chat_id, role, content, parent_id)"
        " values (%(chat)s, 'user', 'c', %(parent)s)",
        chat=chat,
        parent=elsewhere,
    )
    tip = alice.refusal(
        "update public.chats set current_message_id = %(tip)s where id = %(chat)s",
        chat=chat,
        tip=elsewhere,
    )

    assert (child, tip) == (NO_SUCH_ROW, NO_SUCH_ROW)


def test_not_even_the_service_can_hang_a_message_under_one_of_another_chat(
    stage: Stage, alice: Persona
) -> None:
    message = add_message(alice, add_chat(alice))
    other = add_message(alice, add_chat(alice))

    refusal = stage.service.refusal(
        "update public.messages set parent_id = %(other)s where id = %(id)s",
        other=other,
        id=message,
    )

    assert refusal == NO_SUCH_ROW


@pytest.mark.parametrize(
    "statement",
    [
        "select * from auth.users",
        "select * from auth.sessions",
        "select * from auth.refresh_tokens",
        "select private.set_updated_at()",
        "select private.mend_branches()",
        "create table public.mine (id int)",
        "create function public.lower(text) returns text language sql as 'select $1'",
        "create schema mine",
        "truncate public.jobs",
        "select setval('public.messages_seq_seq', 1)",
        "set role postgres",
        "set session authorization postgres",
        "alter table public.chats disable row level security",
        "create trigger t before insert on public.jobs execute function private.set_updated_at()",
    ],
)
@pytest.mark.parametrize("who", ["owner", "anonymous"])
def test_what_lies_outside_the_tables_is_closed(statement: str, who: str, stage: Stage) -> None:
    persona = stage.sign_up() if who == "owner" else stage.anonymous

    assert persona.refusal(statement) == DENIED


def test_row_level_security_holds_when_it_is_asked_to_step_aside(
    stage: Stage, alice: Persona, bob: Persona
) -> None:
    add_chat(bob)
    stage.connection.execute("set local row_security = off")

    assert alice.refusal("select * from public.chats") == DENIED
