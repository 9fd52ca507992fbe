"""What operators have the database do: in bounded pieces, for the service alone, and noted."""

from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege
from psycopg.types.json import Jsonb

from tests.sql.stage import Row, Stage, add_chat, add_job, add_message
from tests.sql.test_personas import arrive

pytestmark = pytest.mark.db

DENIED = "42501"
HOUR = "now() - interval '1 hour', now() + interval '1 hour'"
NOTE = "select public.admin_note('users delete', 'op@host', %(who)s, '{\"state\": \"done\"}')"
BY_OPERATORS = (
    "public.admin_note('a', 'b')",
    "public.admin_entries()",
    "public.admin_objects(gen_random_uuid())",
    "public.admin_footprint(gen_random_uuid())",
    "public.admin_deleted_chats(gen_random_uuid())",
    "public.admin_erase_rows(gen_random_uuid())",
    "public.admin_garbage()",
    "public.admin_missing()",
    "public.admin_storage_usage()",
    "public.admin_stats(now())",
    "public.admin_totals()",
    "public.admin_cancel_job(gen_random_uuid())",
    "public.admin_old(now())",
    "public.admin_erase_chats('{}', now())",
    "public.admin_forget_deleted(now())",
    "public.admin_erased_chats()",
    "public.admin_files_gone('{}')",
)


def put_object(stage: Stage, name: str, *, age: str = "2 days", size: int = 5) -> None:
    stage.service.run(
        "insert into storage.objects (bucket_id, name, metadata, created_at, updated_at)"
        " values ('user_assets', %(name)s, jsonb_build_object('size', %(size)s::int),"
        " now() - %(age)s::interval, now() - %(age)s::interval)",
        name=name,
        size=size,
        age=age,
    )


def footprint(stage: Stage, user_id: UUID | None) -> dict[str, int]:
    rows = stage.service.run(
        "select place, entries from public.admin_footprint(%(who)s)", who=user_id
    )
    return {row["place"]: row["entries"] for row in rows}


@pytest.mark.parametrize("call", BY_OPERATORS)
def test_nobody_but_the_service_may_call_them(stage: Stage, call: str) -> None:
    statement = f"select * from {call}"  # noqa: S608

    assert stage.sign_up().refusal(statement) == DENIED
    assert stage.anonymous.refusal(statement) == DENIED
    assert stage.service.refusal(statement) == ""


def test_entries_are_added_and_never_changed_and_no_role_reaches_their_table(stage: Stage) -> None:
    stage.service.run(NOTE, who=None)

    for who in (stage.service, stage.sign_up(), stage.anonymous):
        assert who.refusal("select * from audit.entries") == DENIED
        assert who.refusal("delete from audit.entries") == DENIED
    assert stage.service.value("select count(*) from public.admin_entries()") == 1


def test_even_who_owns_the_entries_does_not_change_them(catalogue: Connection[Row]) -> None:
    with catalogue.transaction(force_rollback=True):
        catalogue.execute(NOTE.encode(), {"who": None})
        for change in ("update audit.entries set deed = 'x'", "delete from audit.entries"):
            with pytest.raises(InsufficientPrivilege), catalogue.transaction():
                catalogue.execute(change.encode())


def test_an_entry_is_found_by_the_id_of_its_user_and_does_not_hold_it(stage: Stage) -> None:
    who = uuid4()
    stage.service.run(NOTE, who=who)
    stage.service.run(NOTE, who=uuid4())

    (found,) = stage.service.run("select * from public.admin_entries(%(who)s)", who=who)

    assert (found["operator"], found["login"], found["deed"]) == (
        "op@host",
        "service_role",
        "users delete",
    )
    assert str(who) not in str(found)


def test_a_users_rows_go_piece_by_piece_and_nobody_elses(stage: Stage) -> None:
    alice, bob = arrive(stage), arrive(stage)
    who = alice.persona.user_id
    for _ in range(5):
        add_message(alice.persona, alice.chat)
    before = footprint(stage, bob.persona.user_id)

    pieces = []
    while gone := stage.service.value(
        "select public.admin_erase_rows(%(who)s, 3) as gone", who=who
    ):
        pieces.append(gone)

    assert pieces == [3, 3, 1, 2]  # seven messages; then the chat and the job
    left = {place for place, number in footprint(stage, who).items() if number}
    assert left == {"profile", "model configs"}  # what goes with the user
    assert footprint(stage, bob.persona.user_id) == before


def test_objects_are_found_by_their_folder_whatever_its_kind(stage: Stage) -> None:
    who, other = uuid4(), uuid4()
    mine = [
        f"private/a-kind/{who}/x",
        f"private/generated_images/{who}/{uuid4()}.png",
        f"private/user_files/{who}/{uuid4()}/a.txt",
        f"public/avatars/{who}.png",
    ]
    for name in mine:
        put_object(stage, name)
    put_object(stage, f"private/user_files/{other}/{uuid4()}/a.txt")
    put_object(stage, f"private/user_files0/{other}/x")

    rows = stage.service.run("select name from public.admin_objects(%(who)s, 100)", who=who)

    assert sorted(row["name"] for row in rows) == mine
    assert footprint(stage, who)["files"] == 4


def test_garbage_is_what_nothing_needs_and_what_is_old_enough(stage: Stage) -> None:
    alice, gone = arrive(stage), uuid4()
    who = alice.persona.user_id
    kept = add_chat(alice.persona)
    alice.persona.run("select public.delete_chats(array[%(chat)s]::uuid[])", chat=kept)
    done, failed = add_job(alice.persona), add_job(alice.persona)
    asked_with = f"private/image_inputs/{who}/{uuid4()}.png"
    stage.service.run(
        "update public.jobs set input_data = jsonb_build_object('inputImage', %(path)s::text)"
        " where id = %(done)s",
        path=asked_with,
        done=done,
    )
    stage.service.run(
        "update public.jobs set status = case when id = %(done)s then 'completed'"
        " else 'failed' end::public.job_status where id in (%(done)s, %(failed)s)",
        done=done,
        failed=failed,
    )
    changed, forgotten = (f"private/image_inputs/{who}/{name}.png" for name in ("one", "two"))
    add_job(alice.persona, input_data=Jsonb({"prompt": "x", "inputImage": changed}))
    expected = {
        forgotten: "job gone",
        f"private/user_files/{gone}/{uuid4()}/a.txt": "user gone",
        f"private/user_files/{who}/{uuid4()}/a.txt": "chat gone",
        f"private/generated_images/{who}/{uuid4()}.png": "job gone",
        f"private/generated_images/{who}/{failed}.png": "job gone",
        f"private/image_inputs/{who}/{uuid4()}.png": "job gone",
        f"public/avatars/{gone}.png": "user gone",
    }
    for name in expected:
        put_object(stage, name)
    for name in (
        f"private/user_files/{who}/{alice.chat}/a.txt",
        f"private/user_files/{who}/{kept}/a.txt",  # its chat can be restored
        f"private/generated_images/{who}/{done}.png",
        asked_with,
        f"public/avatars/{who}.png",
        changed,
    ):
        put_object(stage, name)
    put_object(stage, f"private/user_files/{gone}/{uuid4()}/new.txt", age="1 hour")

    found: dict[str, str] = {}
    after: str | None = ""
    while after is not None:  # two objects a page
        rows = stage.service.run(
            "select * from public.admin_garbage(86400, %(after)s, 2)", after=after
        )
        found |= {row["name"]: row["reason"] for row in rows if row["name"]}
        after = next((row["next"] for row in rows if row["next"]), None)

    assert found == expected


def test_a_completed_job_whose_picture_is_gone_is_missing_it(stage: Stage) -> None:
    alice = arrive(stage)
    ids = [add_job(alice.persona) for _ in range(3)]
    for job in ids:
        path = f"private/generated_images/{alice.persona.user_id}/{job}.png"
        stage.service.run(
            "update public.jobs set status = 'completed',"
            " output_data = jsonb_build_object('path', %(path)s::text) where id = %(job)s",
            path=path,
            job=job,
        )
    put_object(stage, f"private/generated_images/{alice.persona.user_id}/{ids[0]}.png")
    stage.service.run(  # of a document that was removed: it made nothing
        "update public.jobs set status = 'completed',"
        " output_data = jsonb_build_object('path', 'private/user_files/gone') where id = %(job)s",
        job=add_job(alice.persona),
    )

    rows = stage.service.run("select id from public.admin_missing(-60) where id is not null")
    young = stage.service.run("select id from public.admin_missing() where id is not null")

    assert {row["id"] for row in rows} == set(ids[1:])
    assert young == []


def test_storage_is_told_by_user_a_page_at_a_time(stage: Stage) -> None:
    small, big = uuid4(), uuid4()
    put_object(stage, f"private/user_files/{small}/c/a", size=5)
    put_object(stage, f"private/user_files/{big}/c/a", size=500)
    put_object(stage, f"public/avatars/{big}.png", size=500)

    found: dict[str, tuple[int, int]] = {}
    after: str | None = ""
    while after is not None:  # two objects a page
        page = stage.service.value(
            "select public.admin_storage_usage(%(after)s, 2) as page", after=after
        )
        for share in page["shares"]:
            files, size = found.get(share["user_id"], (0, 0))
            found[share["user_id"]] = (files + share["files"], size + share["bytes"])
        after = page["next"]

    assert found == {str(big): (2, 1000), str(small): (1, 5)}


def test_statistics_count_each_answer_once_by_day_by_model_and_in_all(stage: Stage) -> None:
    alice = stage.sign_up()
    chat = add_chat(alice)
    told = (
        '{"model": "m1", "input_tokens": 10, "output_tokens": 2, "cost_usd": 0.5, "total_ms": 10}',
        '{"model": "m2", "input_tokens": 1, "error": {"code": "x"}, "total_ms": 30}',
        '{"model": "m2", "input_tokens": -5, "output_tokens": "many"}',
    )
    for metadata in told:
        add_message(alice, chat, role="assistant", metadata=metadata)

    rows = stage.service.run(f"select * from public.admin_stats({HOUR})")  # noqa: S608
    whole = next(row for row in rows if row["day"] is None and row["model"] is None)
    models = {row["model"]: row for row in rows if row["model"]}

    assert (whole["answers"], whole["users"], whole["errors"]) == (3, 1, 1)
    assert (whole["input_tokens"], whole["output_tokens"], whole["cost_usd"]) == (11, 2, 0.5)
    assert whole["total_ms_p50"] == 20
    assert whole["seen_since"] is None
    assert {name: row["answers"] for name, row in models.items()} == {"m1": 1, "m2": 2}
    assert sum(row["answers"] for row in rows if row["day"]) == 3


def test_statistics_look_at_so_many_answers_and_say_when_there_are_more(stage: Stage) -> None:
    alice = stage.sign_up()
    chat = add_chat(alice)
    for _ in range(3):
        add_message(alice, chat, role="assistant")

    (whole,) = stage.service.run(
        f"select * from public.admin_stats({HOUR}, 2)"  # noqa: S608
        " where day is null and model is null"
    )

    assert whole["answers"] == 2
    assert whole["seen_since"] is not None


def test_old_chats_go_with_their_messages_in_pieces_and_new_ones_stay(stage: Stage) -> None:
    alice = stage.sign_up()
    old, new = add_chat(alice), add_chat(alice)
    for chat in (old, new):
        for _ in range(3):
            add_message(alice, chat)
    stage.service.run("set local pocketllm.keeps_times = 'yes'")
    stage.service.run(
        "update public.chats set updated_at = now() - interval '1 year' where id = %(old)s", old=old
    )
    stage.service.run("set local pocketllm.keeps_times = 'no'")
    span = "now() - interval '30 days'"

    counted = stage.service.value(
        f"select entries from public.admin_old({span}, %(who)s) where place = 'chats'",  # noqa: S608
        who=alice.user_id,
    )
    pieces = []
    while rows := stage.service.run(
        f"select * from public.admin_erase_chats(%(ids)s::uuid[], {span}, 2)",  # noqa: S608
        ids=[old, new],
    ):
        pieces += rows

    assert counted == 1
    assert [(row["chat_id"], row["erased"], row["is_gone"]) for row in pieces] == [
        (old, 2, False),
        (old, 1, True),
    ]
    assert pieces[0]["owner_id"] == alice.user_id
    assert alice.count("select from public.messages where chat_id = %(new)s", new=new) == 3
    assert alice.count("select from public.chats") == 1


def test_a_deleted_chat_is_forgotten_only_when_it_cannot_be_restored(stage: Stage) -> None:
    alice = stage.sign_up()
    chats = [add_chat(alice), add_chat(alice)]
    alice.run("select public.delete_chats(%(chats)s::uuid[])", chats=chats)
    stage.service.run(
        "update private.deleted_chats set deleted_at = now() - interval '40 days'"
        " where id = %(id)s",
        id=chats[0],
    )

    gone = stage.service.run("select * from public.admin_forget_deleted(now())")

    assert gone == [{"chat_id": chats[0], "owner_id": alice.user_id}]
    assert [row["id"] for row in alice.run("select id from public.deleted_chats()")] == chats[1:]
