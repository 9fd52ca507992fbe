"""A user with many messages goes in a time that grows with what is theirs alone."""

import pytest

from tests.sql.stage import Stage, add_chat

pytestmark = pytest.mark.db

MANY, CHATS = 2000, 4
_COUNTERS = """
select coalesce(sum(seq_tup_read), 0) as scanned, coalesce(sum(idx_tup_fetch), 0) as fetched
from pg_stat_xact_user_tables
where schemaname || '.' || relname in ('public.messages', 'search.entries')
"""


def counters(stage: Stage) -> tuple[int, int]:
    """Return how many rows of messages and their search entries were read, by scans and indexes."""
    (row,) = stage.service.run(_COUNTERS)
    return int(row["scanned"]), int(row["fetched"])


def test_each_message_of_a_deleted_user_is_met_a_few_times_and_found_by_an_index(
    stage: Stage,
) -> None:
    ada, bob = stage.sign_up(), stage.sign_up()
    for person in (ada, bob):
        for _ in range(CHATS):
            ids = {"chat": add_chat(person), "many": MANY // CHATS}
            person.run(
                "insert into public.messages (chat_id, role, content)"
                " select %(chat)s, 'user', 'word ' || n from generate_series(1, %(many)s) as n",
                **ids,
            )
    # So few rows are read whole by choice; without an index they would be all the same.
    stage.connection.execute("set local enable_seqscan = off")
    scanned, fetched = counters(stage)

    stage.delete_user(ada)

    now_scanned, now_fetched = counters(stage)
    assert now_scanned == scanned, "a whole table was read"
    assert now_fetched - fetched < 4 * MANY
    assert stage.service.count("select from public.messages") == MANY
    assert bob.count("select from public.messages") == MANY
