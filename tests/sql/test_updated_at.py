"""When a row counts as changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.sql.stage import Persona, Stage, add_chat, add_config, add_message

pytestmark = pytest.mark.db

LONG_AGO = datetime(2001, 2, 3, tzinfo=UTC)


def old_row(stage: Stage, owner: Persona, table: str, **columns: Any) -> UUID:
    values = {"user_id": owner.user_id, "created_at": LONG_AGO, "updated_at": LONG_AGO, **columns}
    marks = ", ".join(f"%({name})s" for name in values)
    new: UUID = stage.service.value(
        f"insert into public.{table} ({', '.join(values)}) values ({marks}) returning id",  # noqa: S608
        **values,
    )
    return new


def is_fresh(stage: Stage, table: str) -> bool:
    fresh: bool = stage.service.value(f"select updated_at = now() as fresh from public.{table}")  # noqa: S608
    return fresh


@pytest.mark.parametrize(
    ("table", "columns", "change"),
    [
        ("model_configs", {"name": "n", "provider": "p", "model": "m"}, "model = 'other'"),
        ("chats", {"title": "t"}, "title = title"),
        ("chats", {"title": "t"}, "model_config_id = null"),
        ("jobs", {"job_type": "j"}, "status = 'completed'"),
    ],
)
def test_a_change_moves_updated_at_and_nothing_else_can(
    table: str, columns: dict[str, str], change: str, stage: Stage
) -> None:
    row = old_row(stage, stage.sign_up(), table, **columns)
    assert not is_fresh(stage, table)

    stage.service.run(
        f"update public.{table} set {change}, updated_at = '1999-01-01' where id = %(id)s",  # noqa: S608
        id=row,
    )

    assert is_fresh(stage, table)
    assert stage.service.value(f"select created_at from public.{table}") == LONG_AGO  # noqa: S608


def test_a_changed_profile_is_fresh(stage: Stage) -> None:
    ada = stage.sign_up()

    ada.run("update public.profiles set bio = 'mathematician'")

    assert is_fresh(stage, "profiles")


def test_a_new_message_makes_its_chat_the_newest(stage: Stage) -> None:
    ada = stage.sign_up()
    chat = old_row(stage, ada, "chats", title="t")

    add_message(ada, chat)

    assert is_fresh(stage, "chats")


def test_losing_its_model_config_costs_a_chat_nothing_but_that(stage: Stage) -> None:
    ada = stage.sign_up()
    config = add_config(ada)
    chat = old_row(stage, ada, "chats", title="t", model_config_id=config)
    other = add_chat(ada, model_config_id=add_config(ada))
    columns = "select to_jsonb(c) - 'model_config_id' as row from public.chats c where id = %(id)s"
    before = stage.service.value(columns, id=chat)

    ada.run("delete from public.model_configs where id = %(id)s", id=config)

    assert stage.service.value(columns, id=chat) == before
    assert ada.value("select model_config_id from public.chats where id = %(id)s", id=chat) is None
    assert ada.value(
        "select model_config_id is not null from public.chats where id = %(id)s", id=other
    )
