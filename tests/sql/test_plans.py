"""What a screen shows costs what it shows, however much lies behind it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from backend_functions.db.queries import queries
from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.sql.stage import Persona, Row, Stage, add_chat, add_config, add_message

pytestmark = [pytest.mark.db, pytest.mark.xdist_group("plans")]  # they share one large database

CHATS, MESSAGES, LIMIT = 20_000, 5_000, 20

_SQL = queries("chat_request")

_FILL = """
insert into public.messages (chat_id, user_id, role, content, metadata)
select %(chat)s, %(user)s, case when g %% 2 = 0 then 'assistant' else 'user' end,
  repeat('word ', 40) || g, case when g %% 2 = 0 then '{"status": "complete"}'::jsonb end
from generate_series(1, %(count)s) g
"""


class Full:
    """A database with a user of many chats, one of which is long."""

    def __init__(self, connection: Connection[Row]) -> None:
        self.connection = connection
        self._stage = stage = Stage(connection)
        self.ada, bob = stage.sign_up(), stage.sign_up()
        self.service = stage.service
        for owner in (self.ada, bob):
            stage.service.run(
                "insert into public.chats (user_id, title, updated_at)"
                " select %(user)s, 'chat ' || g, now() - make_interval(mins => g)"
                " from generate_series(1, %(count)s) g",
                user=owner.user_id,
                count=CHATS // 2,
            )
        self.chat = self._long_chat(self.ada)
        self._long_chat(self.ada)
        self._long_chat(bob)
        self.streaming = add_message(
            stage.service, self.chat, "", role="assistant", metadata='{"status": "streaming"}'
        )

    def _long_chat(self, owner: Persona) -> UUID:
        chat = add_chat(owner)
        self.service.run(_FILL, chat=chat, user=owner.user_id, count=MESSAGES)
        return chat


@pytest.fixture(scope="module")
def full(cluster: Cluster, module_database: str) -> Iterator[Full]:
    url = cluster.url(module_database, login=SUPERUSER)
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
        with connection.transaction():
            full = Full(connection)
        connection.execute("vacuum (analyze) public.chats, public.messages")
        with connection.transaction(force_rollback=True):
            yield full


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explain(persona: Persona, statement: str, **values: Any) -> list[dict[str, Any]]:
    """Run a statement and return what each part of its plan did."""
    (found,) = persona.value(f"explain (analyze, format json) {statement}", **values)
    return list(nodes(found["Plan"]))


def rows_touched(parts: list[dict[str, Any]]) -> float:
    """Return how many rows were read from tables, those that were then thrown away included."""
    touched = 0.0
    for part in parts:
        if "Relation Name" in part and part["Node Type"] != "ModifyTable":
            rows = part["Actual Rows"] + part.get("Rows Removed by Filter", 0)
            touched += rows * part["Actual Loops"]
    return touched


def indexes(parts: list[dict[str, Any]]) -> set[str]:
    return {part["Index Name"] for part in parts if "Index Name" in part}


NEWEST = "select id, title, updated_at from public.chats"


@pytest.mark.parametrize("order", ["updated_at desc", "updated_at desc, id desc"])
def test_the_newest_chats_are_found_without_looking_at_older_ones(order: str, full: Full) -> None:
    parts = explain(full.ada, f"{NEWEST} order by {order} limit {LIMIT}")

    assert indexes(parts) == {"chats_newest_first"}
    assert rows_touched(parts) <= LIMIT + 1


def test_the_next_page_of_chats_is_found_as_fast_as_the_first(full: Full) -> None:
    deep = full.ada.run(f"{NEWEST} order by updated_at desc, id desc offset 9000 limit 1")[0]

    parts = explain(
        full.ada,
        f"{NEWEST} where (updated_at, id) < (%(updated_at)s, %(id)s)"
        f" order by updated_at desc, id desc limit {LIMIT}",
        **deep,
    )

    assert indexes(parts) == {"chats_newest_first"}
    assert rows_touched(parts) <= LIMIT + 1


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_messages_of_a_chat_come_in_order_without_sorting_them(direction: str, full: Full) -> None:
    parts = explain(
        full.ada,
        "select id, role, content from public.messages where chat_id = %(chat)s"  # noqa: S608
        f" order by seq {direction} limit {LIMIT}",
        chat=full.chat,
    )

    assert indexes(parts) <= {"idx_messages_chat_id", "messages_chat_order"}
    assert rows_touched(parts) <= LIMIT
    assert "Sort" not in {part["Node Type"] for part in parts}


def rows_fetched(full: Full) -> int:
    """Return how many rows of tables this transaction has read, by whatever plan."""
    found: int = full.service.value(
        "select sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))"
        "::bigint from pg_class where oid in"
        " ('public.chats'::regclass, 'public.messages'::regclass, 'public.model_configs'::regclass)"
    )
    return found


def call(full: Full, statement: str, **values: Any) -> Any:
    """Run a statement that takes the caller's role itself."""
    full.connection.execute("reset role")
    given = {"claims": "{}", "user_id": full.ada.user_id, "chat_id": full.chat, **values}
    row = full.connection.execute(statement.encode(), given).fetchone()
    assert row is not None
    (value,) = row.values()
    return value


def question(full: Full, **values: Any) -> dict[str, Any]:
    given = {"named_id": None, "named_role": "user", "max_messages": LIMIT, **values}
    found: dict[str, Any] = json.loads(call(full, _SQL.load_question, **given))
    return found


def test_the_history_of_a_long_chat_costs_what_is_sent_to_the_model(full: Full) -> None:
    add_message(full.ada, full.chat, "Be brief.", role="system")
    add_config(full.ada, is_default=True)
    before = rows_fetched(full)

    found = question(full)

    assert found["messages"][-1]["content"] == "Be brief."
    assert len(found["messages"]) == LIMIT
    assert rows_fetched(full) - before <= 3 * LIMIT


def test_a_prompt_and_its_answer_are_found_by_their_ids(full: Full) -> None:
    prompt = full.ada.run(
        "select id, content from public.messages where chat_id = %(chat)s and role = 'user'"
        " order by seq limit 1 offset 2000",
        chat=full.chat,
    )[0]
    answer = full.ada.value(
        "select id from public.messages where parent_id = %(id)s", id=prompt["id"]
    )
    before = rows_fetched(full)

    earlier = call(
        full,
        _SQL.begin_answer,
        prompt_id=prompt["id"],
        prompt=prompt["content"],
        prompt_parent_id=None,
        prompt_metadata=None,
        answer_id=uuid4(),
        answer_parent_id=prompt["id"],
        metadata="{}",
        replica_id=uuid4(),
        max_running=1,
    )

    assert earlier == answer
    assert rows_fetched(full) - before <= LIMIT


def test_unfinished_answers_are_found_without_looking_at_finished_ones(full: Full) -> None:
    parts = explain(
        full.service,
        "select id from public.messages"
        " where role = 'assistant' and metadata ->> 'status' = 'streaming'",
    )
    marked = explain(full.service, _SQL.mark_interrupted, metadata='{"status": "interrupted"}')

    assert indexes(parts) == {"messages_unfinished_idx"}
    assert "messages_unfinished_idx" in indexes(marked)
    assert rows_touched(marked) <= 1
    assert (
        full.service.value(
            "select metadata ->> 'status' from public.messages where id = %(id)s", id=full.streaming
        )
        == "interrupted"
    )


def test_text_is_added_to_an_answer_without_touching_an_index(full: Full) -> None:
    updates = "select pg_stat_get_xact_tuples_hot_updated('public.messages'::regclass)"
    before = full.service.value(updates)

    full.service.run(
        "update public.messages set content = 'so far' where id = %(id)s", id=full.streaming
    )

    assert full.service.value(updates) == before + 1
