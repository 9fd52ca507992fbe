"""Messages form a tree in each chat, whether or not a client knows."""

from uuid import UUID, uuid4

import pytest

from tests.sql.stage import Persona, Stage, add_chat, add_message

pytestmark = pytest.mark.db


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


def tip(owner: Persona, chat: UUID) -> UUID | None:
    current: UUID | None = owner.value(
        "select current_message_id from public.chats where id = %(id)s", id=chat
    )
    return current


def parents(owner: Persona, chat: UUID) -> dict[str, str | None]:
    """Return each message's content with that of its parent, in the order of writing."""
    rows = owner.run(
        "select m.content, p.content as parent from public.messages m"
        " left join public.messages p on p.id = m.parent_id"
        " where m.chat_id = %(chat)s order by m.seq",
        chat=chat,
    )
    return {row["content"]: row["parent"] for row in rows}


def branch(owner: Persona, chat: UUID) -> list[str]:
    """Return what is shown: from the first message to the tip."""
    rows = owner.run(
        "with recursive branch as ("
        " select m.* from public.messages m join public.chats c on m.id = c.current_message_id"
        " where c.id = %(chat)s"
        " union all"
        " select m.* from public.messages m join branch b on m.id = b.parent_id)"
        " select content from branch order by seq",
        chat=chat,
    )
    return [row["content"] for row in rows]


def add_all(owner: Persona, chat: UUID, first: int, last: int) -> None:
    owner.run(
        "insert into public.messages (chat_id, role, content)"
        " select %(chat)s, 'user', g from generate_series(%(first)s::int, %(last)s::int) g",
        chat=chat,
        first=first,
        last=last,
    )


def test_plain_inserts_make_a_straight_chat(ada: Persona) -> None:
    chat = add_chat(ada)
    assert tip(ada, chat) is None

    for content in "abc":
        last = add_message(ada, chat, content)

    assert parents(ada, chat) == {"a": None, "b": "a", "c": "b"}
    assert tip(ada, chat) == last


def test_rows_of_one_insert_follow_one_another(ada: Persona) -> None:
    one, other = add_chat(ada), add_chat(ada)
    add_message(ada, one, "first")

    ada.run(
        "insert into public.messages (chat_id, role, content) values"
        " (%(one)s, 'user', 'a'), (%(other)s, 'user', 'x'), (%(one)s, 'assistant', 'b'),"
        " (%(other)s, 'assistant', 'y'), (%(one)s, 'user', 'c')",
        one=one,
        other=other,
    )

    assert parents(ada, one) == {"first": None, "a": "first", "b": "a", "c": "b"}
    assert parents(ada, other) == {"x": None, "y": "x"}
    assert branch(ada, one) == ["first", "a", "b", "c"]
    assert branch(ada, other) == ["x", "y"]


def test_messages_of_one_transaction_have_times_in_their_order(ada: Persona) -> None:
    chat = add_chat(ada)
    add_all(ada, chat, 1, 20)

    by_time = ada.run("select content from public.messages order by created_at")

    assert [row["content"] for row in by_time] == [str(n) for n in range(1, 21)]


def test_the_service_keeps_the_time_and_owner_of_what_it_brings_back(
    stage: Stage, ada: Persona
) -> None:
    chat = add_chat(ada)

    stage.service.run(
        "insert into public.messages (chat_id, role, content, created_at)"
        " values (%(chat)s, 'user', 'old', '2001-02-03')",
        chat=chat,
    )

    assert ada.run("select content from public.messages where created_at = '2001-02-03'")


def test_a_message_that_names_its_parent_is_another_version_of_what_follows_it(
    ada: Persona,
) -> None:
    chat = add_chat(ada)
    question = add_message(ada, chat, "question")
    add_message(ada, chat, "answer")

    again = add_message(ada, chat, "another answer", parent_id=question)
    add_message(ada, chat, "thanks")

    assert parents(ada, chat) == {
        "question": None,
        "answer": "question",
        "another answer": "question",
        "thanks": "another answer",
    }
    assert branch(ada, chat) == ["question", "another answer", "thanks"]
    assert tip(ada, chat) != again


def test_what_is_written_after_going_back_follows_the_tip_that_is_shown(ada: Persona) -> None:
    chat = add_chat(ada)
    ids = [add_message(ada, chat, content) for content in "abcd"]

    ada.run("update public.chats set current_message_id = %(id)s", id=ids[1])
    add_all(ada, chat, 1, 2)

    assert branch(ada, chat) == ["a", "b", "1", "2"]
    assert parents(ada, chat)["c"] == "b"


def test_a_first_message_has_another_version_after_the_chat_is_shown_empty(ada: Persona) -> None:
    chat = add_chat(ada)
    add_message(ada, chat, "a")

    ada.run("update public.chats set current_message_id = null")
    add_message(ada, chat, "b")

    assert parents(ada, chat) == {"a": None, "b": None}


def test_the_same_message_again_changes_nothing(ada: Persona) -> None:
    chat, other = add_chat(ada), add_chat(ada)
    message = uuid4()
    again = (
        "insert into public.messages (id, chat_id, role, content)"
        " values (%(id)s, %(chat)s, 'user', 'a') on conflict (id) do nothing"
    )
    ada.run(again, id=message, chat=chat)
    answer = add_message(ada, chat, "b", role="assistant")

    assert ada.count(again, id=message, chat=chat) == 0
    assert ada.count(again, id=message, chat=other) == 0

    assert parents(ada, chat) == {"a": None, "b": "a"}
    assert (tip(ada, chat), tip(ada, other)) == (answer, None)


def test_what_follows_a_deleted_message_follows_its_parent(stage: Stage, ada: Persona) -> None:
    chat = add_chat(ada)
    ids = {content: add_message(ada, chat, content) for content in "abc"}
    add_message(ada, chat, "other c", parent_id=ids["b"])

    ada.run("delete from public.messages where id = %(id)s", id=ids["b"])

    assert parents(ada, chat) == {"a": None, "c": "a", "other c": "a"}
    assert branch(ada, chat) == ["a", "other c"]


def test_deleting_the_first_message_leaves_the_rest(stage: Stage, ada: Persona) -> None:
    chat = add_chat(ada)
    first = add_message(ada, chat, "a")
    add_all(ada, chat, 1, 2)

    ada.run("delete from public.messages where id = %(id)s", id=first)

    assert parents(ada, chat) == {"1": None, "2": "1"}


def test_deleting_the_tip_shows_the_message_before_it(stage: Stage, ada: Persona) -> None:
    chat = add_chat(ada)
    first, last = add_message(ada, chat, "a"), add_message(ada, chat, "b")

    ada.run("delete from public.messages where id = %(id)s", id=last)
    assert tip(ada, chat) == first
    ada.run("delete from public.messages where id = %(id)s", id=first)
    assert tip(ada, chat) is None

    add_message(ada, chat, "c")
    assert branch(ada, chat) == ["c"]


@pytest.mark.parametrize(
    ("condition", "left", "shown"),
    [
        ("content in ('2', '3', '4')", {"1": None, "5": "1", "6": "5"}, ["1", "5", "6"]),
        ("content in ('4', '2', '6')", {"1": None, "3": "1", "5": "3"}, ["1", "3", "5"]),
        ("content < '6'", {"6": None}, ["6"]),
        ("content > '1'", {"1": None}, ["1"]),
        ("true", {}, []),
    ],
    ids=["a run", "every other", "all before", "all after", "all"],
)
def test_one_statement_deletes_any_part_of_a_chat(
    condition: str, left: dict[str, str | None], shown: list[str], stage: Stage, ada: Persona
) -> None:
    chat, other = add_chat(ada), add_chat(ada)
    add_all(ada, chat, 1, 6)
    add_all(ada, other, 1, 6)

    ada.run(f"delete from public.messages where {condition}")  # noqa: S608

    for each in (chat, other):
        assert parents(ada, each) == left
        assert branch(ada, each) == shown


def test_deleting_one_version_keeps_the_others_and_shows_the_turn_before(
    stage: Stage, ada: Persona
) -> None:
    chat = add_chat(ada)
    question = add_message(ada, chat, "question")
    for content in ("one", "two"):
        version = add_message(ada, chat, content, parent_id=question)

    ada.run("delete from public.messages where id = %(id)s", id=version)

    assert parents(ada, chat) == {"question": None, "one": "question"}
    assert tip(ada, chat) == question
