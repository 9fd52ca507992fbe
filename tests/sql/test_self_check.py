"""The database tells whoever is signed in how it is set, and notices what was switched off."""

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.sql.stage import Row

pytestmark = pytest.mark.db

SOUND = {"open_tables": [], "unheard_tables": [], "bucket_is_private": True}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("select", {}),
        (
            "alter table public.chats disable row level security;"
            " create table public.more (id int)",
            {"open_tables": ["chats", "more"]},
        ),
        (
            "alter publication supabase_realtime drop table public.jobs",
            {"unheard_tables": ["jobs"]},
        ),
        (
            "update storage.buckets set public = true where id = 'user_assets'",
            {"bucket_is_private": False},
        ),
        (
            "set local session_replication_role = replica; delete from storage.buckets",
            {"bucket_is_private": None},
        ),
    ],
    ids=["all is well", "open tables", "an unheard table", "a public bucket", "no bucket"],
)
def test_what_was_switched_off_is_noticed(
    cluster: Cluster, rolled_back_database: str, statement: str, found: Row
) -> None:
    url = cluster.url(rolled_back_database, login=SUPERUSER)
    connection: Connection[Row]
    with (
        psycopg.connect(url, row_factory=dict_row) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(statement.encode())
        connection.execute(b"set local role authenticated")
        rows = connection.execute(b"select * from public.self_check()").fetchall()

    assert rows == [SOUND | found]
