"""Deleting the messages of a chat costs in proportion to how many there are."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import Diagnostic
from psycopg.rows import dict_row

from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.sql.stage import Persona, Row, Stage, add_chat

pytestmark = pytest.mark.db

_EXPLAIN_ALL = """
set auto_explain.log_min_duration = 0;
set auto_explain.log_analyze = on;
set auto_explain.log_buffers = on;
set auto_explain.log_timing = off;
set auto_explain.log_nested_statements = on;
set auto_explain.log_format = json;
set auto_explain.log_level = notice;
set client_min_messages = notice;
"""
_EXPLAIN_NONE = "set auto_explain.log_min_duration = -1"

_STATEMENTS = {
    "the chat": "delete from public.chats",
    "every message": "delete from public.messages",
    "all but the last": "delete from public.messages"
    " where seq < (select max(seq) from public.messages)",
    "all but the first": "delete from public.messages"
    " where seq > (select min(seq) from public.messages)",
    "every other": "delete from public.messages where content::int % 2 = 0",
}


@pytest.fixture
def explained(cluster: Cluster, rolled_back_database: str) -> Iterator[Connection[Row]]:
    """Give a connection to tables that are known to be empty, when the worst plans are kept."""
    url = cluster.url(rolled_back_database, login=SUPERUSER)
    with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
        connection.execute("vacuum (analyze) public.chats, public.messages")
        with connection.transaction(force_rollback=True):
            connection.execute("load 'auto_explain'")
            yield connection


def work_of(part: dict[str, Any]) -> float:
    """Return how many pages and rows a plan read, those that were thrown away included."""
    pages = part["Shared Hit Blocks"] + part["Shared Read Blocks"]
    removed = sum(count for name, count in part.items() if name.startswith("Rows Removed"))
    rows: float = (part["Actual Rows"] + removed) * part["Actual Loops"]
    return float(pages) + rows + sum(work_of(below) for below in part.get("Plans", []))


def work(persona: Persona, statement: str) -> float:
    """Run a statement and return its work, with that of its triggers and foreign keys."""
    plans: list[str] = []

    def note(diagnostic: Diagnostic) -> None:
        plans.append((diagnostic.message_primary or "").partition("plan:\n")[2])

    connection = persona.connection
    connection.execute("reset role").execute(_EXPLAIN_ALL)
    connection.add_notice_handler(note)
    persona.run(statement)
    connection.remove_notice_handler(note)
    connection.execute("reset role").execute(_EXPLAIN_NONE)
    return sum(work_of(json.loads(plan)["Plan"]) for plan in plans if plan)


def clear(stage: Stage, statement: str, size: int) -> float:
    owner = stage.sign_up()
    owner.run(
        "insert into public.messages (chat_id, role, content)"
        " select %(chat)s, 'user', g from generate_series(1, %(size)s::int) g",
        chat=add_chat(owner),
        size=size,
    )
    return work(owner, statement)


@pytest.mark.parametrize("first", [1, 10])
@pytest.mark.parametrize("statement", _STATEMENTS.values(), ids=_STATEMENTS)
def test_clearing_a_chat_costs_in_proportion_to_its_length(
    statement: str, first: int, explained: Connection[Row]
) -> None:
    """What a connection does first decides the plans that its triggers keep."""
    stage = Stage(explained)
    clear(stage, "delete from public.messages", first)

    small, large = clear(stage, statement, 200), clear(stage, statement, 2_000)

    assert small > 200
    assert large < 20 * small  # ten times the rows; a quadratic cost would be a hundred
