"""Chats that are put away, and what brings them back."""

from uuid import UUID

import pytest

from tests.sql.stage import Persona, Stage, add_chat, add_message
from tests.sql.test_updated_at import LONG_AGO, old_row

pytestmark = pytest.mark.db

ARCHIVE = "update public.chats set archived_at = now() where id = %(id)s"


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


def is_archived(persona: Persona, chat: UUID) -> bool:
    found: bool = persona.value(
        "select archived_at is not null as it from public.chats where id = %(id)s", id=chat
    )
    return found


def test_putting_a_chat_away_and_taking_it_out_is_no_use_of_it(stage: Stage, ada: Persona) -> None:
    chat = old_row(stage, ada, "chats", title="t")

    ada.run(ARCHIVE, id=chat)
    assert is_archived(ada, chat)
    ada.run("update public.chats set archived_at = null where id = %(id)s", id=chat)

    assert ada.value("select updated_at from public.chats") == LONG_AGO


def test_a_message_brings_an_archived_chat_back_to_the_top(stage: Stage, ada: Persona) -> None:
    chat = old_row(stage, ada, "chats", title="t")
    ada.run(ARCHIVE, id=chat)

    add_message(ada, chat, "one more thing")

    assert not is_archived(ada, chat)
    assert ada.value("select updated_at = now() as fresh from public.chats")


def test_a_title_or_a_version_leaves_an_archived_chat_where_it_is(ada: Persona) -> None:
    chat = add_chat(ada, "t")
    shown = add_message(ada, chat, "answer", role="assistant")
    add_message(ada, chat, "other answer", role="assistant", parent_id=shown)
    ada.run(ARCHIVE, id=chat)

    ada.run("update public.chats set title = 'other' where id = %(id)s", id=chat)
    ada.run("select public.show_version(%(id)s)", id=shown)

    assert is_archived(ada, chat)


def test_a_deleted_chat_comes_back_into_the_archive_it_was_in(ada: Persona) -> None:
    chat = add_chat(ada, "t")
    add_message(ada, chat, "question")
    ada.run(ARCHIVE, id=chat)

    ada.run("select public.delete_chats(array[%(id)s::uuid])", id=chat)
    ada.run("select public.restore_chats(array[%(id)s::uuid])", id=chat)

    assert is_archived(ada, chat)


def test_a_copy_of_an_archived_chat_stands_in_the_list(ada: Persona) -> None:
    chat = add_chat(ada, "t")
    add_message(ada, chat, "question")
    ada.run(ARCHIVE, id=chat)

    copy = ada.value("select id from public.fork_chat(%(id)s)", id=chat)

    assert not is_archived(ada, copy)
    assert is_archived(ada, chat)


def test_nobody_else_puts_a_chat_away(stage: Stage, ada: Persona) -> None:
    chat = add_chat(ada, "t")

    assert stage.sign_up().count(ARCHIVE, id=chat) == 0
    assert not is_archived(ada, chat)
