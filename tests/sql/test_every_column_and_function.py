"""Every column and function of the catalogue, tried by everybody; one that is new has to be added.

A row of RIGHTS says what a signed-in user may do with a column of their own rows: read, insert,
update. Nobody may do more, nobody else anything, and the service everything.
"""

import pytest
from psycopg import Connection

from tests.sql.stage import Persona, Row, Stage
from tests.sql.test_personas import Person, arrive, rows_of

pytestmark = pytest.mark.db

DENIED = "42501"
READ, GIVEN, SET, KEPT = "r", "ri", "ru", "riu"

RIGHTS = {
    "profiles": {
        **dict.fromkeys(["id", "created_at", "updated_at"], READ),
        **dict.fromkeys(["full_name", "username", "bio", "date_of_birth"], SET),
        **dict.fromkeys(["profession", "avatar_url", "survey_completed"], SET),
    },
    "model_configs": {
        "api_key_encrypted": "",
        **dict.fromkeys(["created_at", "updated_at", "key_last4", "has_key"], READ),
        "user_id": GIVEN,
        **dict.fromkeys(["id", "name", "provider", "base_url", "model", "system_prompt"], KEPT),
        **dict.fromkeys(["temperature", "max_tokens", "top_p", "is_default"], KEPT),
        **dict.fromkeys(["frequency_penalty", "presence_penalty"], KEPT),
    },
    "chats": {
        **dict.fromkeys(["created_at", "updated_at"], READ),
        **dict.fromkeys(["id", "user_id"], GIVEN),
        **dict.fromkeys(["current_message_id", "archived_at"], SET),
        **dict.fromkeys(["model_config_id", "title", "title_by"], KEPT),
    },
    "messages": {
        **dict.fromkeys(["created_at", "user_id", "seq"], READ),
        **dict.fromkeys(["id", "chat_id", "role", "parent_id"], GIVEN),
        **dict.fromkeys(["content", "metadata"], KEPT),
    },
    "jobs": {
        **dict.fromkeys(["status", "output_data", "error_log", "created_at", "updated_at"], READ),
        **dict.fromkeys(["attempt", "started_at", "next_attempt_at"], READ),
        **dict.fromkeys(["id", "user_id", "job_type", "input_data"], GIVEN),
    },
}

# What a stranger who knows every id gets of another's things, by function: rows, or an SQLSTATE.
_NOT_THERE, _IS_TAKEN = ({"P0002"}, {"23505", "23502"})  # 23502 for a token that names no user
_CHAT = "jsonb_build_object('id', %(chat)s::uuid, 'title', 't')"
CALLS: dict[str, tuple[str, set[str] | None]] = {
    "cancel_job(uuid)": ("public.cancel_job(%(job)s)", _NOT_THERE),
    "delete_chats(uuid[])": ("public.delete_chats(array[%(chat)s]::uuid[])", None),
    "deleted_chats()": ("public.deleted_chats()", None),
    "fork_chat(uuid,uuid,text)": ("public.fork_chat(%(chat)s)", _NOT_THERE),
    "import_chat(jsonb,jsonb)": (f"public.import_chat({_CHAT}, '[]')", _IS_TAKEN),
    "import_chats(jsonb)": (
        f"public.import_chats(jsonb_build_array(jsonb_build_object('chat', {_CHAT})))",
        _IS_TAKEN,
    ),
    "import_jobs(jsonb)": (f"public.import_jobs(jsonb_build_array({_CHAT}))", None),
    "import_messages(uuid,jsonb,uuid)": ("public.import_messages(%(chat)s, '[]')", _NOT_THERE),
    "private.put_chat(jsonb)": (f"private.put_chat({_CHAT})", _IS_TAKEN),
    "private.put_messages(uuid,jsonb,uuid)": (
        "private.put_messages(%(chat)s, '[]', %(message)s)",
        _NOT_THERE,
    ),
    "restore_chats(uuid[])": ("public.restore_chats(array[%(chat)s]::uuid[])", None),
    "retry_job(uuid)": ("public.retry_job(%(job)s)", _NOT_THERE),
    "search_messages(text,integer,uuid)": ("public.search_messages('hi')", None),
    "show_version(uuid)": ("public.show_version(%(message)s)", _NOT_THERE),
    "usage(text,timestamp with time zone)": ("public.usage('chat')", None),
}
# The rules of Storage's paths, which look at nothing but the path.
PATH_RULES = {
    "private.is_own_asset(text,uuid)",
    "private.is_plain_asset_path(text)",
    "private.is_writable_asset(text,uuid)",
}
# Tells how things are set, to whoever is signed in.
ABOUT_NOBODY = {"self_check()", "worker_check()"}
# Beside these, which take only text, nothing outside schema public can be called.
PURE = {"search.candidates(text)", "search.parse(text)", "search.plain(text)"} | PATH_RULES
# What triggers and indexes use; no request calls them. The service may call these.
INTERNAL = {"private.applied_migrations()", "private.vault_secret(text)"} | PATH_RULES
# What workers and those who run the backend call; as the service.
OF_JOBS = {
    "private.defer_task(uuid,uuid,integer,timestamp with time zone)",
    "private.note_outcome(text,text,timestamp with time zone)",
    "private.purge_jobs(timestamp with time zone,integer)",
    "private.tend_jobs(double precision)",
}

# What operators call with the secret key. Tried in test_admin_functions.py.
OPERATORS = {
    "admin_cancel_job(uuid)",
    "admin_deleted_chats(uuid,uuid,integer)",
    "admin_entries(uuid,bigint,integer)",
    "admin_erase_chats(uuid[],timestamp with time zone,integer)",
    "admin_erase_rows(uuid,integer)",
    "admin_erased_chats(uuid,integer)",
    "admin_files_gone(uuid[])",
    "admin_footprint(uuid)",
    "admin_forget_deleted(timestamp with time zone,uuid,integer)",
    "admin_garbage(double precision,text,integer)",
    "admin_missing(double precision,uuid,integer)",
    "admin_note(text,text,uuid,jsonb)",
    "admin_objects(uuid,integer)",
    "admin_old(timestamp with time zone,uuid)",
    "admin_stats(timestamp with time zone,timestamp with time zone,integer)",
    "admin_storage_usage(text,integer)",
    "admin_totals()",
}


@pytest.fixture
def alice(stage: Stage) -> Person:
    return arrive(stage)


def columns(catalogue: Connection[Row]) -> list[tuple[str, str]]:
    rows = catalogue.execute(
        "select relname, attname from pg_attribute join pg_class c on c.oid = attrelid"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p', 'f')"
        " and attnum > 0 and not attisdropped order by 1, attnum"
    ).fetchall()
    return [(row["relname"], row["attname"]) for row in rows]


def statements(table: str, column: str) -> dict[str, str]:
    """Return what is tried: no statement has a WHERE."""
    return {
        "r": f"select {column} from public.{table}",  # noqa: S608
        "i": f"insert into public.{table} ({column}) values (default)",  # noqa: S608
        "u": f"update public.{table} set {column} = default",  # noqa: S608
    }


def test_what_no_service_exposes_is_shut_but_for_one_table(catalogue: Connection[Row]) -> None:
    rows = catalogue.execute(
        "select distinct c.oid::regclass::text as name from pg_class c"
        " cross join unnest(array['anon', 'authenticated']) as r"
        " where relnamespace = any ('{private,search,audit}'::regnamespace[])"
        " and relkind in ('r', 'v', 'm', 'p', 'f') and (has_table_privilege(r, c.oid, 'DELETE')"
        " or has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE'))"
    ).fetchall()

    # Tried by everybody in test_whole_chats.py.
    assert [row["name"] for row in rows] == ["private.deleted_chats"]


def test_every_column_has_its_row(catalogue: Connection[Row]) -> None:
    listed = {(table, column) for table, rights in RIGHTS.items() for column in rights}

    assert set(columns(catalogue)) == listed


def attempt(who: Persona, statement: str) -> tuple[str, int]:
    """Return the SQLSTATE and the number of rows, and leave nothing behind."""
    count = 0

    class Undone(Exception):
        pass

    try:
        with who.connection.transaction():
            refusal = who.refusal(statement)
            if not refusal:
                count = who.count(statement)
            raise Undone
    except Undone:
        return refusal, count


@pytest.mark.parametrize("right", ["r", "i", "u"])
def test_an_owner_may_what_the_row_says_and_a_stranger_meets_nothing(
    right: str, catalogue: Connection[Row], stage: Stage, alice: Person
) -> None:
    stranger, nobody = stage.signed_in(None), stage.anonymous
    for table, column in columns(catalogue):
        statement = statements(table, column)[right]
        own = attempt(alice.persona, statement)
        theirs = attempt(stranger, statement)

        assert attempt(nobody, statement) == (DENIED, 0), statement
        if right not in RIGHTS[table][column]:
            assert own == theirs == (DENIED, 0), statement
        elif right == "i":  # a row of defaults is not refused for want of a right
            assert own[0] != DENIED or column == "user_id", statement
            assert theirs[1] == 0, statement
        else:
            assert own[0] != DENIED, statement
            assert right == "u" or own[1] == len(rows_of(stage, table, alice)), statement
            assert theirs == ("", 0), statement


def test_blind_writes_to_any_column_leave_everybody_elses_rows_alone(
    catalogue: Connection[Row], stage: Stage, alice: Person
) -> None:
    bob = arrive(stage)
    for table in RIGHTS:
        before = rows_of(stage, table, alice)
        for column in RIGHTS[table]:
            bob.persona.refusal(statements(table, column)["u"])
            bob.persona.refusal(f"update public.{table} set {column} = {column}")  # noqa: S608
        bob.persona.refusal(f"delete from public.{table}")  # noqa: S608
        assert rows_of(stage, table, alice) == before, table


def test_the_service_reads_every_column_of_everybody(
    catalogue: Connection[Row], stage: Stage, alice: Person
) -> None:
    for table, column in columns(catalogue):
        refusal, count = attempt(stage.service, statements(table, column)["r"])
        assert (refusal, count) == ("", len(rows_of(stage, table, alice))), f"{table}.{column}"


def functions(catalogue: Connection[Row], role: str) -> set[str]:
    """Return the functions that a role may call, by name and arguments."""
    rows = catalogue.execute(
        "select p.oid::regprocedure::text as name from pg_proc p"
        " join pg_namespace n on n.oid = pronamespace"
        " where nspname in ('public', 'private', 'search') and prorettype <> 'trigger'::regtype"
        " and has_function_privilege(%(role)s, p.oid, 'EXECUTE')"
        " and has_schema_privilege(%(role)s, n.oid, 'USAGE')",
        {"role": role},
    ).fetchall()
    return {row["name"] for row in rows}


def test_every_function_has_its_row(catalogue: Connection[Row]) -> None:
    assert functions(catalogue, "anon") == set()
    assert functions(catalogue, "authenticated") == set(CALLS) | ABOUT_NOBODY | PURE
    assert functions(catalogue, "service_role") == INTERNAL | OPERATORS | OF_JOBS


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("who", ["stranger", "no user", "anonymous", "service"])
def test_no_function_gives_or_changes_what_is_somebody_elses(
    who: str, name: str, stage: Stage, alice: Person
) -> None:
    call, refusals = CALLS[name]
    statement = f"select * from {call}"  # noqa: S608
    callers: dict[str, Persona] = {
        "stranger": stage.sign_up(),
        "no user": stage.signed_in(None),
        "anonymous": stage.anonymous,
        "service": stage.service,
    }
    caller = callers[who]
    values = {"chat": alice.chat, "message": alice.message, "job": alice.job}
    before = {table: rows_of(stage, table, alice) for table in RIGHTS}

    refusal = caller.refusal(statement, **values)
    rows = [] if refusal else caller.run(statement, **values)

    assert refusal in ({DENIED} if who in ("anonymous", "service") else refusals or {""})
    assert rows == []
    assert {table: rows_of(stage, table, alice) for table in RIGHTS} == before
