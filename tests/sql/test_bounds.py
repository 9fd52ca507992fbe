"""Values that nothing could use are refused; the largest and smallest useful ones are kept."""

import pytest

from tests.sql.stage import Persona, Stage, add_chat, add_config, add_message

pytestmark = pytest.mark.db

REFUSED = "23514"


@pytest.fixture
def ada(stage: Stage) -> Persona:
    ada = stage.sign_up()
    add_config(ada)
    add_message(ada, add_chat(ada))
    return ada


def x(length: int) -> str:
    return f"repeat('é', {length})"


def text_of(length: int) -> str:
    # Not repeated: what is compressed away does not count as size.
    return f"(select jsonb_build_object('x', repeat('0123456789abcdef', {length // 16})))"


@pytest.mark.parametrize(
    ("column", "kept", "refused"),
    [
        ("profiles.full_name", [x(200), "''", "null"], [x(201)]),
        ("profiles.username", [x(60), "'a'"], [x(61), "''"]),
        ("profiles.profession", [x(200)], [x(201)]),
        ("profiles.bio", [x(4000)], [x(4001)]),
        ("profiles.avatar_url", [x(2000)], [x(2001)]),
        (
            "profiles.date_of_birth",
            ["'1815-12-10'", "null"],
            ["'infinity'", "'-infinity'", "'0044-03-15 BC'", "'10000-01-01'"],
        ),
        ("model_configs.name", [x(100), "'a'"], [x(101), "''"]),
        ("model_configs.provider", [x(60)], [x(61), "''"]),
        ("model_configs.model", [x(200)], [x(201), "''"]),
        ("model_configs.base_url", [x(2000), "null"], [x(2001)]),
        ("model_configs.system_prompt", [x(100_000)], [x(100_001)]),
        ("model_configs.temperature", ["0", "2", "null"], ["-0.01", "2.01", "'NaN'", "'Infinity'"]),
        ("model_configs.max_tokens", ["1", "10000000"], ["0", "-1", "10000001"]),
        ("model_configs.top_p", ["0", "1"], ["-0.01", "1.01", "'NaN'"]),
        ("model_configs.frequency_penalty", ["-2", "2"], ["-2.01", "2.01", "'NaN'"]),
        ("model_configs.presence_penalty", ["-2", "2"], ["-2.01", "2.01", "'NaN'"]),
        ("chats.title", [x(500), "'a'"], [x(501), "''"]),
        ("messages.content", ["''", "repeat('x', 16777216)"], ["repeat('x', 16777217)"]),
        ("messages.metadata", ["null", text_of(1_000_000)], [text_of(1_100_000)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_stays_within_its_bounds(
    column: str, kept: list[str], refused: list[str], ada: Persona
) -> None:
    table, name = column.split(".")

    def set_to(value: str) -> str:
        return ada.refusal(f"update public.{table} set {name} = {value}")  # noqa: S608

    assert {value: set_to(value) for value in refused} == dict.fromkeys(refused, REFUSED)
    assert {value: set_to(value) for value in kept} == dict.fromkeys(kept, "")


@pytest.mark.parametrize(
    ("job_type", "input_data", "refusal"),
    [
        ("'image_generation'", text_of(1_000_000), ""),
        (x(60), "null", ""),
        (x(61), "null", REFUSED),
        ("''", "null", REFUSED),
        ("'image_generation'", text_of(1_100_000), REFUSED),
    ],
    ids=["large", "long", "too long", "empty", "too large"],
)
def test_a_job_stays_within_its_bounds(
    job_type: str, input_data: str, refusal: str, ada: Persona
) -> None:
    statement = f"insert into public.jobs (job_type, input_data) values ({job_type}, {input_data})"  # noqa: S608

    assert ada.refusal(statement) == refusal


@pytest.mark.parametrize("role", ["tool", "", "User", "developer"])
def test_a_message_is_a_persons_a_models_or_the_systems(role: str, ada: Persona) -> None:
    chat = ada.value("select id from public.chats")

    refusal = ada.refusal(
        "insert into public.messages (chat_id, role, content) values (%(chat)s, %(role)s, 'c')",
        chat=chat,
        role=role,
    )

    assert refusal == REFUSED


def test_a_username_is_one_persons(stage: Stage, ada: Persona) -> None:
    bob = stage.sign_up()
    ada.run("update public.profiles set username = 'ada'")
    ada.run("update public.profiles set username = 'ada'")

    assert bob.refusal("update public.profiles set username = 'ada'") == "23514"
    assert stage.service.refusal(
        "update public.profiles set username = 'ada' where id = %(id)s", id=bob.user_id
    )


def test_trying_usernames_does_not_tell_who_is_here(stage: Stage, ada: Persona) -> None:
    bob = stage.sign_up()
    ada.run("update public.profiles set username = 'ada'")
    change = "update public.profiles set username = %(name)s"

    told = {bob.error(change, name=name) for name in ("ada", "", "é" * 61)}

    assert told == {("23514", "This username cannot be used.")}
