"""What clients call as functions: forks, versions, usage. Each with the rights of its caller."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from tests.sql.stage import Persona, Row, Stage, add_chat, add_config, add_message

pytestmark = pytest.mark.db

NOT_FOUND = "P0002"


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


@pytest.fixture
def bob(stage: Stage) -> Persona:
    return stage.sign_up()


def fork(owner: Persona, chat: UUID, at: UUID | None = None, title: str | None = None) -> Row:
    (row,) = owner.run(
        "select * from public.fork_chat(%(chat)s, %(at)s, %(title)s)", chat=chat, at=at, title=title
    )
    return row


def add_answer(owner: Persona, chat: UUID, content: str = "answer", **metadata: Any) -> UUID:
    return add_message(owner, chat, content, role="assistant", metadata=json.dumps(metadata))


def branch(owner: Persona, chat: UUID) -> list[Row]:
    return owner.run(
        "with recursive branch as ("
        " select m.* from public.messages m join public.chats c on m.id = c.current_message_id"
        " where c.id = %(chat)s"
        " union all"
        " select m.* from public.messages m join branch b on m.id = b.parent_id)"
        " select * from branch order by seq",
        chat=chat,
    )


def contents(owner: Persona, chat: UUID) -> list[str]:
    return [row["content"] for row in branch(owner, chat)]


def tip(owner: Persona, chat: UUID) -> Any:
    return owner.value("select current_message_id from public.chats where id = %(id)s", id=chat)


def show(owner: Persona, message: UUID) -> Any:
    return owner.value("select public.show_version(%(id)s)", id=message)


def usage(owner: Persona, grouping: str, since: str | None = None) -> list[Row]:
    return owner.run(
        "select * from public.usage(%(grouping)s, %(since)s)", grouping=grouping, since=since
    )


def test_a_fork_is_a_chat_of_its_own_with_the_branch_that_was_shown(ada: Persona) -> None:
    config = add_config(ada)
    chat = add_chat(ada, "a title", model_config_id=config)
    for content in "abc":
        add_message(ada, chat, content)

    forked = fork(ada, chat)

    assert forked["id"] != chat
    assert (forked["title"], forked["model_config_id"]) == ("a title", config)
    assert forked["user_id"] == ada.user_id
    assert contents(ada, forked["id"]) == ["a", "b", "c"]
    assert forked["current_message_id"] == branch(ada, forked["id"])[-1]["id"]
    assert not {r["id"] for r in branch(ada, chat)} & {r["id"] for r in branch(ada, forked["id"])}


def test_a_fork_ends_with_the_message_it_is_made_at_and_leaves_other_versions_behind(
    ada: Persona,
) -> None:
    chat = add_chat(ada)
    question = add_message(ada, chat, "question")
    first = add_answer(ada, chat, "first answer")
    add_message(ada, chat, "and then")
    add_message(ada, chat, "second answer", role="assistant", parent_id=question)

    forked = fork(ada, chat, first, "of its own")

    assert forked["title"] == "of its own"
    assert contents(ada, forked["id"]) == ["question", "first answer"]
    assert ada.value("select count(*) from public.messages where chat_id = %(c)s", c=forked["id"])
    assert contents(ada, chat) == ["question", "second answer"]


def test_what_is_said_in_a_fork_stays_there(ada: Persona) -> None:
    chat = add_chat(ada)
    add_message(ada, chat, "a")
    forked = fork(ada, chat)["id"]

    add_message(ada, forked, "b")
    add_message(ada, chat, "c")

    assert contents(ada, forked) == ["a", "b"]
    assert contents(ada, chat) == ["a", "c"]


def test_a_fork_keeps_what_is_known_of_an_answer_and_says_what_it_copies(ada: Persona) -> None:
    chat = add_chat(ada)
    add_message(ada, chat, "question")
    answer = add_answer(ada, chat, model="m", status="complete", sources=[{"url": "u"}])

    forked = fork(ada, chat)["id"]
    again = fork(ada, forked)["id"]

    for copy in (forked, again):
        question_copy, answer_copy = branch(ada, copy)
        assert question_copy["metadata"] is None
        assert answer_copy["metadata"] == {
            "model": "m",
            "status": "complete",
            "sources": [{"url": "u"}],
            "copied_from": str(answer),
        }


def test_the_copy_of_an_answer_in_the_making_is_not_waited_for(ada: Persona) -> None:
    chat = add_chat(ada)
    add_answer(ada, chat, "so f", status="streaming")

    (copy,) = branch(ada, fork(ada, chat)["id"])

    assert (copy["content"], copy["metadata"]["status"]) == ("so f", "incomplete")


def test_an_empty_chat_can_be_forked(ada: Persona) -> None:
    assert fork(ada, add_chat(ada))["current_message_id"] is None


def test_nobody_forks_what_they_cannot_see(ada: Persona, bob: Persona, stage: Stage) -> None:
    chat, own = add_chat(ada), add_chat(bob)
    message = add_message(ada, chat)
    call = "select public.fork_chat(%(chat)s, %(at)s)"

    foreign = bob.error(call, chat=chat, at=None)
    missing = bob.error(call, chat=uuid4(), at=None)
    foreign_message = bob.error(call, chat=own, at=message)
    missing_message = bob.error(call, chat=own, at=uuid4())

    assert foreign == missing == (NOT_FOUND, "There is no such chat.")
    assert foreign_message == missing_message
    assert foreign_message[0] == NOT_FOUND
    assert bob.value("select count(*) from public.chats") == 1
    assert stage.anonymous.refusal(call, chat=chat, at=None) == "42501"
    assert stage.service.refusal(call, chat=chat, at=None) == "42501"


def test_a_message_of_another_chat_of_ones_own_is_no_place_to_fork(ada: Persona) -> None:
    message = add_message(ada, add_chat(ada))

    refusal = ada.refusal("select public.fork_chat(%(c)s, %(m)s)", c=add_chat(ada), m=message)

    assert refusal == NOT_FOUND


def test_a_long_branch_is_forked_whole_and_in_order(ada: Persona) -> None:
    chat = add_chat(ada)
    ada.run(
        "insert into public.messages (chat_id, role, content)"
        " select %(chat)s, 'user', g from generate_series(1, 5000) g",
        chat=chat,
    )

    forked = fork(ada, chat)["id"]

    assert contents(ada, forked) == [str(number) for number in range(1, 5001)]


def test_showing_a_version_leads_to_the_newest_end_of_its_branch(ada: Persona) -> None:
    chat = add_chat(ada)
    question = add_message(ada, chat, "question")
    first = add_answer(ada, chat, "first")
    older = add_message(ada, chat, "older", parent_id=first)
    newer = add_message(ada, chat, "newer", parent_id=first)
    below = add_message(ada, chat, "below older", parent_id=older)
    second = add_message(ada, chat, "second", role="assistant", parent_id=question)
    assert tip(ada, chat) == second

    assert show(ada, first) == below == tip(ada, chat)
    assert contents(ada, chat) == ["question", "first", "older", "below older"]
    assert show(ada, newer) == newer == tip(ada, chat)
    assert show(ada, second) == second == tip(ada, chat)


def test_nobody_shows_a_version_of_somebody_elses(ada: Persona, bob: Persona, stage: Stage) -> None:
    chat = add_chat(ada)
    message = add_message(ada, chat, "one")
    last = add_message(ada, chat, "two")
    call = "select public.show_version(%(id)s)"

    assert bob.error(call, id=message) == bob.error(call, id=uuid4())
    assert bob.refusal(call, id=message) == NOT_FOUND
    assert stage.anonymous.refusal(call, id=message) == "42501"
    assert tip(ada, chat) == last


def test_usage_sums_answers_by_model_the_costliest_first(ada: Persona) -> None:
    chat = add_chat(ada)
    add_message(ada, chat, "question")
    add_answer(ada, chat, model="dear", input_tokens=1, output_tokens=2, cost_usd=0.5, total_ms=9)
    add_answer(ada, chat, model="cheap", input_tokens=10, output_tokens=20, cost_usd=0.01)
    add_answer(ada, chat, model="cheap", input_tokens=5, output_tokens=5, cost_usd=0.02)
    add_answer(ada, chat, model="free", input_tokens=7, output_tokens=8, total_ms=1000)

    found = usage(ada, "model")

    numbers = [
        (r["label"], r["answers"], r["input_tokens"], r["output_tokens"], r["cost_usd"])
        for r in found
    ]
    assert numbers == [
        ("dear", 1, 1, 2, Decimal("0.5")),
        ("cheap", 2, 15, 25, Decimal("0.03")),
        ("free", 1, 7, 8, None),
    ]
    assert [row["total_ms"] for row in found] == [9, 0, 1000]
    assert all(row["chat_id"] is None for row in found)


def test_usage_by_day_has_the_newest_day_first_and_may_begin_late(
    stage: Stage, ada: Persona
) -> None:
    chat = add_chat(ada)
    for day, cost in (("2026-01-01", 5), ("2026-01-02", 1)):
        for hour in ("00:00", "23:59"):
            stage.service.run(
                "insert into public.messages (chat_id, role, content, metadata, created_at)"
                " values (%(chat)s, 'assistant', 'a', %(metadata)s, %(at)s)",
                chat=chat,
                metadata=json.dumps({"cost_usd": cost}),
                at=f"{day} {hour}+00",
            )

    days = [(row["label"], row["answers"], row["cost_usd"]) for row in usage(ada, "day")]
    since = usage(ada, "day", "2026-01-02T00:00:00+00:00")

    assert days == [("2026-01-02", 2, 2), ("2026-01-01", 2, 10)]
    assert [row["label"] for row in since] == ["2026-01-02"]


def test_usage_by_chat_names_it(ada: Persona) -> None:
    first, second = add_chat(ada, "same title"), add_chat(ada, "same title")
    add_answer(ada, first, cost_usd=1)
    add_answer(ada, second, cost_usd=2)

    found = [(row["label"], row["chat_id"]) for row in usage(ada, "chat")]

    assert found == [("same title", second), ("same title", first)]


def test_an_answer_is_counted_once_however_often_it_was_forked(ada: Persona) -> None:
    chat = add_chat(ada)
    add_answer(ada, chat, model="m", input_tokens=3, cost_usd=1)
    fork(ada, fork(ada, chat)["id"])

    (row,) = usage(ada, "model")

    assert (row["answers"], row["input_tokens"], row["cost_usd"]) == (1, 3, 1)


def test_nobody_sees_what_others_used(ada: Persona, bob: Persona, stage: Stage) -> None:
    add_answer(ada, add_chat(ada), cost_usd=1)

    assert usage(bob, "model") == usage(bob, "chat") == []
    assert stage.anonymous.refusal("select * from public.usage('model')") == "42501"


@pytest.mark.parametrize("grouping", ["year", "", "Model", None])
def test_usage_is_grouped_in_three_ways_only(grouping: str | None, ada: Persona) -> None:
    refused = ada.refusal("select * from public.usage(%(grouping)s)", grouping=grouping)

    assert refused == "22023"


@pytest.mark.parametrize(
    "value", ["12", [1, "x"], {}, None, True, -1, 1e300, "'; drop table", [[1e300]]]
)
def test_metadata_that_a_client_wrote_as_it_liked_does_not_break_the_sums(
    value: Any, ada: Persona
) -> None:
    names = ("model", "input_tokens", "output_tokens", "cost_usd", "total_ms")
    chat = add_chat(ada)
    add_answer(ada, chat, **dict.fromkeys(names, value))
    add_answer(ada, chat, model="m", input_tokens=3)
    add_message(ada, chat, role="assistant", metadata=json.dumps([value]))
    add_message(ada, chat, role="assistant")

    for grouping in ("model", "day", "chat"):
        found = usage(ada, grouping)
        assert sum(row["answers"] for row in found) == 4
        assert sum(row["input_tokens"] for row in found) in (3, 4)


def blocks(persona: Persona, statement: str, **values: Any) -> int:
    """Return how many pages of the database a statement looked at."""
    (found,) = persona.value(f"explain (analyze, buffers, format json) {statement}", **values)
    return int(found["Plan"]["Shared Hit Blocks"]) + int(found["Plan"]["Shared Read Blocks"])


def fill(stage: Stage, owner: Persona, count: int, *, days_ago: int = 0) -> UUID:
    chat = add_chat(owner)
    stage.service.run(
        "insert into public.messages (chat_id, role, content, metadata, created_at)"
        " select %(chat)s, 'assistant', repeat('word ', 40), '{\"model\": \"m\"}',"
        " now() - make_interval(days => %(days_ago)s) from generate_series(1, %(count)s)",
        chat=chat,
        days_ago=days_ago,
        count=count,
    )
    return chat


@pytest.mark.parametrize("grouping", ["model", "day", "chat"])
@pytest.mark.parametrize("told", ["vacuum public.messages", "analyze public.messages"])
def test_usage_costs_what_was_used_whatever_others_use_and_the_statistics_say(
    grouping: str, told: str, stage: Stage, catalogue: Connection[Row], ada: Persona, bob: Persona
) -> None:
    fill(stage, ada, 100)
    asked = f"select * from public.usage('{grouping}')"  # noqa: S608
    usage(ada, grouping)
    before = blocks(ada, asked)

    fill(stage, bob, 3_000)
    catalogue.execute(told.encode())  # which counts none of them

    assert blocks(ada, asked) <= before + 10
    assert blocks(ada, asked) <= 40


def test_a_message_among_many_costs_the_same_whatever_the_statistics_say(
    stage: Stage, catalogue: Connection[Row], ada: Persona
) -> None:
    fill(stage, ada, 400)
    catalogue.execute("analyze public.messages")  # which counts none of them, and few pages
    insert = """
        insert into public.messages (chat_id, role, content)
        select %(chat)s, 'assistant', 'word' from generate_series(1, %(count)s)
    """

    few = blocks(stage.service, insert, chat=add_chat(ada), count=500)
    many = blocks(stage.service, insert, chat=add_chat(ada), count=2_000)

    assert many < 6 * few


def test_usage_of_a_day_costs_what_was_used_that_day(stage: Stage, ada: Persona) -> None:
    fill(stage, ada, 10_000, days_ago=30)
    fill(stage, ada, 20)
    asked = "select * from public.usage('model', now() - interval '1 day')"
    usage(ada, "model")

    assert blocks(ada, asked) < 0.2 * blocks(ada, "select * from public.usage('model')")
