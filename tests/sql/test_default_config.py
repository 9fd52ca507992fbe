"""A user has at most one default model config, and the first is it; names are unique."""

import pytest
from psycopg.errors import CheckViolation

from backend_functions.providers.registry import PROVIDERS
from tests.sql.stage import Persona, Stage, add_config

pytestmark = pytest.mark.db


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


def default(owner: Persona) -> list[str]:
    return [
        row["name"] for row in owner.run("select name from public.model_configs where is_default")
    ]


def test_the_first_config_is_the_default_and_the_second_is_not(ada: Persona) -> None:
    add_config(ada, "one")
    add_config(ada, "two")

    assert default(ada) == ["one"]


def test_a_new_default_takes_the_place_of_the_old_one(ada: Persona) -> None:
    add_config(ada, "one")
    two = add_config(ada, "two", is_default=True)
    assert default(ada) == ["two"]

    add_config(ada, "three")
    ada.run("update public.model_configs set is_default = (name = 'one') where name = 'one'")
    assert default(ada) == ["one"]

    ada.run("update public.model_configs set is_default = true where id = %(id)s", id=two)
    assert default(ada) == ["two"]


@pytest.mark.parametrize("provider", [row.name for row in PROVIDERS.values() if not row.answers])
def test_a_config_that_answers_nothing_is_nobodys_default(ada: Persona, provider: str) -> None:
    key = add_config(ada, "key", provider=provider)
    assert default(ada) == []

    add_config(ada, "one")
    assert default(ada) == ["one"]

    with pytest.raises(CheckViolation):
        ada.run("update public.model_configs set is_default = true where id = %(id)s", id=key)


def test_a_user_may_have_no_default(ada: Persona) -> None:
    add_config(ada, "one")

    ada.run("update public.model_configs set is_default = false")

    assert default(ada) == []
    assert ada.count("select from public.model_configs") == 1


def test_defaults_of_users_are_apart(stage: Stage, ada: Persona) -> None:
    bob = stage.sign_up()
    add_config(ada, "hers")
    add_config(bob, "his")
    add_config(bob, "his other", is_default=True)

    assert default(ada) == ["hers"]
    assert default(bob) == ["his other"]


def test_several_at_once_leave_one_default(ada: Persona) -> None:
    ada.run(
        "insert into public.model_configs (name, provider, model, is_default) values"
        " ('a', 'p', 'm', false), ('b', 'p', 'm', true), ('c', 'p', 'm', true)"
    )

    assert default(ada) == ["c"]


@pytest.mark.parametrize("key", ["id", "user_id, name"])
@pytest.mark.parametrize("is_default", [True, False])
@pytest.mark.parametrize("name", ["one", "two"])
def test_an_upsert_changes_the_config_it_names(
    key: str, is_default: bool, name: str, ada: Persona
) -> None:
    ids = {each: add_config(ada, each) for each in ("one", "two")}
    columns = "name, provider, model, is_default" + (", id" if key == "id" else "")
    settings = ", ".join(f"{column} = excluded.{column}" for column in columns.split(", "))

    ada.run(
        f"insert into public.model_configs ({columns})"  # noqa: S608
        " values (%(name)s, 'p', 'changed', %(is_default)s"
        + (", %(id)s)" if key == "id" else ")")
        + f" on conflict ({key}) do update set {settings}",
        name=name,
        is_default=is_default,
        id=ids[name],
    )

    assert ada.run("select name, model from public.model_configs order by name") == [
        {"name": each, "model": "changed" if each == name else "any"} for each in ("one", "two")
    ]
    assert default(ada) == ([name] if is_default else ["one"] if name == "two" else [])


def test_a_name_is_unique_for_its_owner_only(stage: Stage, ada: Persona) -> None:
    add_config(ada, "one")

    again = ada.refusal(
        "insert into public.model_configs (name, provider, model) values ('one', 'p', 'm')"
    )

    assert again == "23505"
    add_config(stage.sign_up(), "one")


def test_a_config_that_a_chat_uses_keeps_its_id(ada: Persona) -> None:
    config = add_config(ada, "one")
    ada.run(
        "insert into public.chats (title, model_config_id) values ('t', %(id)s)",
        id=config,
    )

    assert ada.refusal("update public.model_configs set id = gen_random_uuid()") == "23503"
    assert ada.refusal("update public.model_configs set id = id") == ""
