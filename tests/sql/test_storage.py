"""The storage schema and the bucket, as a hosted project would have them."""

import pytest
from psycopg import Connection

from tests.sql.stage import Row, Stage


def test_the_users_bucket_is_private_and_bounded(catalogue: Connection[Row]) -> None:
    row = catalogue.execute(
        "select public, file_size_limit, allowed_mime_types from storage.buckets"
    ).fetchone()

    assert row is not None
    assert (row["public"], row["file_size_limit"]) == (False, 50 * 1024 * 1024)
    assert not {"image/svg+xml", "image/*", "*/*"} & set(row["allowed_mime_types"])


def test_every_table_of_storage_is_guarded(catalogue: Connection[Row]) -> None:
    rows = catalogue.execute(
        "select relname, relrowsecurity from pg_class"
        " where relnamespace = 'storage'::regnamespace and relkind = 'r'"
    ).fetchall()

    assert {row["relname"]: row["relrowsecurity"] for row in rows} == {
        "buckets": True,
        "objects": True,
    }


def test_each_policy_asks_once_a_statement_who_is_calling(catalogue: Connection[Row]) -> None:
    rows = catalogue.execute(
        "select policyname, cmd, roles::text as roles,"
        " coalesce(qual, '') || coalesce(with_check, '') as text"
        " from pg_policies where schemaname = 'storage'"
    ).fetchall()

    assert {(row["roles"], row["cmd"]) for row in rows} == {
        ("{anon}", "SELECT"),
        *(("{authenticated}", command) for command in ("SELECT", "INSERT", "UPDATE", "DELETE")),
    }
    assert len(rows) == 6
    for row in rows:
        bare = row["text"].replace("SELECT auth.uid()", "")
        assert "auth.uid()" not in bare, row["policyname"]


@pytest.mark.parametrize("command", ["update storage.objects set name = 'public/x'", "delete"])
def test_blind_writes_change_nothing_of_somebody_elses(stage: Stage, command: str) -> None:
    alice, bob = stage.sign_up(), stage.sign_up()
    add = "insert into storage.objects (bucket_id, name) values ('user_assets', %(name)s)"
    alice.run(add, name=f"private/user_files/{alice.user_id}/c/a.txt")
    statement = "delete from storage.objects" if command == "delete" else command

    stage.connection.execute("select set_config('storage.allow_delete_query', 'true', true)")

    assert bob.count(statement) == 0
    assert stage.anonymous.count(statement) == 0
    assert alice.refusal(statement) == ("42501" if command != "delete" else "")
    assert bob.refusal(add, name=f"private/user_files/{alice.user_id}/c/b.txt") == "42501"


def test_a_path_comes_apart_as_the_service_takes_it(catalogue: Connection[Row]) -> None:
    row = catalogue.execute(
        "select storage.foldername(name) as folders, storage.filename(name) as file,"
        " storage.extension(name) as extension from (values ('a/b/c.tar.gz')) as t (name)"
    ).fetchone()

    assert row == {"folders": ["a", "b"], "file": "c.tar.gz", "extension": "gz"}
