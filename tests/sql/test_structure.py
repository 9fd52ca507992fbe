"""What holds for every table, policy and function, read from the catalogue."""

import pytest
from psycopg import Connection

from tests.sql.stage import Row

pytestmark = pytest.mark.db

CLIENTS = ("anon", "authenticated")
DEFINERS = {
    "private.check_username": "looks at the names of all, and tells none of them",
    "private.create_profile": "inserts the profile of a user whom the auth service inserts",
    "private.mend_branches": "sets parents, which are nobody's to set, of what was left hanging",
    "private.put_chat": "writes times, which no client may write, of a chat that comes whole",
    "private.put_messages": "writes times of messages, and follows none but the caller's chats",
    "search.note_message": "writes the entry of the caller's message, which is nobody's to write",
    "search.note_title": "writes the entry of the caller's title, which is nobody's to write",
    "search.forget": "removes the entries of rows that the caller has deleted",
    "search.candidates": "no index for words is used behind a policy; returns the caller's alone",
    "self_check": "reads how the bucket is set, which nobody may, and no row of anybody",
    "cancel_job": "writes the state, which no client may, of a job that is the caller's",
    "private.queue_job": "writes the queue, which is nobody's to write, for a job that is made",
    "worker_check": "counts workers, of which no client may see one",
    "import_jobs": "writes states and results of the caller's jobs that are over elsewhere",
    "admin_cancel_job": "ends a job in its owner's name, for the service",
    "admin_note": "adds an entry that is nobody's to write, for the service",
    "admin_entries": "reads entries that are nobody's to read, for the service",
    "admin_objects": "names a user's objects, for the service",
    "admin_footprint": "counts a user's rows where the service may not look, for the service",
    "admin_deleted_chats": "reads one user's deleted chats for an export, for the service",
    "admin_erase_rows": "deletes one user's rows where the service may not, for the service",
    "admin_garbage": "looks for the owners of objects among users, for the service",
    "admin_missing": "looks for the objects of jobs, for the service",
    "admin_storage_usage": "counts objects, for the service",
    "admin_stats": "counts answers, for the service",
    "admin_totals": "counts users and rows, for the service",
    "admin_old": "counts deleted chats, which are their owners' alone, for the service",
    "admin_forget_deleted": "removes deleted chats past their time, for the service",
    "private.vault_secret": "reads one secret of the project's own, for the service alone",
    "private.applied_migrations": "reads versions, and no more, from a ledger that holds all text",
}
# By name as the catalogue shows it: schema public is on the search path. All act as the caller.
CALLABLE = {
    "cancel_job",
    "delete_chats",
    "deleted_chats",
    "fork_chat",
    "import_chat",
    "import_chats",
    "import_jobs",
    "import_messages",
    # Of policies: without a right to the schema nobody can name them.
    "private.is_own_asset",
    "private.is_plain_asset_path",
    "private.is_writable_asset",
    "private.put_chat",
    "private.put_messages",
    "restore_chats",
    "retry_job",
    "search.candidates",
    "search.parse",
    "search.plain",
    "search_messages",
    "self_check",
    "show_version",
    "usage",
    "worker_check",
}
_NO_SCANS = ["enable_seqscan=off"]
PLANS = {
    "private.hang_message": [*_NO_SCANS, "enable_sort=off"],
    "private.check_parent": _NO_SCANS,
    "usage": [*_NO_SCANS, *("enable_sort=off", "enable_hashjoin=off", "enable_mergejoin=off")],
    "private.mend_branches": [*_NO_SCANS, "enable_nestloop=off"],
    "search.candidates": [*_NO_SCANS, "plan_cache_mode=force_generic_plan"],
    "search.forget": _NO_SCANS,
    "private.load_question": _NO_SCANS,
    "private.begin_answer": _NO_SCANS,
    "private.finish_answer": _NO_SCANS,
}
# What the functions' login may call before it takes a role; each takes one.
CALLED_BY_THE_LOGIN = {
    *("private.act_as_user", "private.load_question"),
    *("private.begin_answer", "private.finish_answer"),
}
TABLES = {"profiles", "model_configs", "chats", "messages", "jobs"}


def names(catalogue: Connection[Row], statement: str) -> list[str]:
    return [str(row["name"]) for row in catalogue.execute(statement.encode()).fetchall()]


def test_schema_public_holds_the_contracts_tables_and_nothing_else(
    catalogue: Connection[Row],
) -> None:
    relations = names(
        catalogue,
        "select concat(relkind, ' ', relname) as name from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind not in ('i', 'I')",
    )

    assert set(relations) == {f"r {table}" for table in TABLES} | {"S messages_seq_seq"}


def test_every_table_has_row_level_security_and_a_policy(catalogue: Connection[Row]) -> None:
    secured = names(
        catalogue,
        "select relname as name from pg_class c"
        " where relnamespace = 'public'::regnamespace and relkind = 'r' and relrowsecurity"
        " and exists (select from pg_policy where polrelid = c.oid)",
    )

    assert set(secured) == TABLES


def test_every_policy_is_for_signed_in_users_alone_and_asks_once_who_they_are(
    catalogue: Connection[Row],
) -> None:
    policies = catalogue.execute(
        "select tablename, policyname, permissive, roles::text[] as roles, cmd,"
        " qual, with_check from pg_policies where schemaname = 'public'"
    ).fetchall()

    for policy in policies:
        assert policy["roles"] == ["authenticated"]
        assert policy["permissive"] == "PERMISSIVE"
        key = "id" if policy["tablename"] == "profiles" else "user_id"
        condition = f"(( SELECT auth.uid() AS uid) = {key})"
        assert policy["qual"] == condition
        assert policy["with_check"] == (None if policy["cmd"] == "SELECT" else condition)
    assert sorted((policy["tablename"], policy["cmd"]) for policy in policies) == [
        ("chats", "ALL"),
        ("jobs", "ALL"),
        ("messages", "ALL"),
        ("model_configs", "ALL"),
        ("profiles", "SELECT"),
        ("profiles", "UPDATE"),
    ]


def test_nothing_trusts_what_users_say_about_themselves(catalogue: Connection[Row]) -> None:
    readers = names(
        catalogue,
        "select policyname::text as name from pg_policies"
        " where concat(qual, with_check) ~ 'user_meta_?data'"
        " union all"
        " select oid::regproc::text from pg_proc"
        " where pronamespace = any ('{public,private,search}'::regnamespace[])"
        " and prosrc ~ 'user_meta_?data'",
    )

    assert readers == ["private.create_profile"]  # which takes the name to show, and no right


def test_every_foreign_key_has_an_index_that_begins_with_it(catalogue: Connection[Row]) -> None:
    unserved = names(
        catalogue,
        """
        select k.conrelid::regclass || '.' || k.conname as name
        from pg_constraint k
        where k.contype = 'f'
          and k.connamespace = any ('{public,search,auth}'::regnamespace[])
          and not exists (
            select from pg_index i
            where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
              and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
          )
        """,
    )

    assert unserved == []


def test_every_policy_is_served_by_an_index_that_begins_with_the_owner(
    catalogue: Connection[Row],
) -> None:
    served = names(
        catalogue,
        """
        select distinct c.relname as name
        from pg_class c
        join pg_index i on i.indrelid = c.oid and i.indpred is null
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where c.relnamespace = 'public'::regnamespace
          and a.attname = case c.relname when 'profiles' then 'id' else 'user_id' end
        """,
    )

    assert set(served) == TABLES


def test_clients_have_exactly_the_reviewed_rights_to_tables(catalogue: Connection[Row]) -> None:
    rows = catalogue.execute(
        "select grantee, table_name, string_agg(privilege_type, ' ' order by privilege_type)"
        " as rights from information_schema.role_table_grants"
        " where table_schema in ('public', 'private') and grantee in ('anon', 'authenticated',"
        " 'PUBLIC') group by 1, 2"
    ).fetchall()

    assert {(row["grantee"], row["table_name"]): row["rights"] for row in rows} == {
        ("authenticated", "profiles"): "SELECT",
        ("authenticated", "model_configs"): "DELETE",
        ("authenticated", "chats"): "DELETE SELECT",
        ("authenticated", "messages"): "DELETE SELECT",
        ("authenticated", "jobs"): "DELETE SELECT",
        ("authenticated", "deleted_chats"): "DELETE SELECT",
    }


CONFIG_SETTINGS = (
    "id name provider base_url model system_prompt temperature max_tokens top_p"
    " frequency_penalty presence_penalty is_default"
)


@pytest.mark.parametrize(
    ("table", "right", "columns"),
    [
        (
            "profiles",
            "UPDATE",
            "full_name username bio date_of_birth profession avatar_url survey_completed",
        ),
        ("profiles", "INSERT", ""),
        (
            "model_configs",
            "SELECT",
            f"{CONFIG_SETTINGS} user_id created_at updated_at key_last4 has_key",
        ),
        ("model_configs", "INSERT", f"{CONFIG_SETTINGS} user_id"),
        ("model_configs", "UPDATE", CONFIG_SETTINGS),
        ("chats", "INSERT", "id user_id model_config_id title title_by"),
        ("chats", "UPDATE", "model_config_id title current_message_id title_by archived_at"),
        ("messages", "INSERT", "id chat_id role content metadata parent_id"),
        ("messages", "UPDATE", "content metadata"),
        ("jobs", "INSERT", "id user_id job_type input_data"),
        ("jobs", "UPDATE", ""),
    ],
)
def test_clients_have_exactly_the_reviewed_rights_to_columns(
    table: str, right: str, columns: str, catalogue: Connection[Row]
) -> None:
    rows = catalogue.execute(
        "select column_name from information_schema.role_column_grants"
        " where grantee = 'authenticated' and table_schema = 'public'"
        " and table_name = %s and privilege_type = %s",
        (table, right),
    ).fetchall()

    assert {row["column_name"] for row in rows} == set(columns.split())


def test_clients_have_no_rights_to_anything_by_membership_or_by_being_everybody(
    catalogue: Connection[Row],
) -> None:
    reachable = names(
        catalogue,
        """
        select r || ' ' || privilege || ' ' || c.oid::regclass as name
        from unnest(array['anon', 'authenticated']) as r
        cross join unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN']) as privilege
        cross join pg_class c
        where c.relnamespace = any ('{public,private,search}'::regnamespace[])
          and c.relkind = 'r' and has_table_privilege(r, c.oid, privilege)
        union all
        select 'anon ' || c.oid::regclass from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and (
          has_any_column_privilege('anon', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
          or has_table_privilege('anon', c.oid, 'DELETE')
        )
        union all
        select r || ' ' || privilege || ' ' || c.oid::regclass
        from unnest(array['anon', 'authenticated']) as r
        cross join unnest(array['USAGE', 'SELECT', 'UPDATE']) as privilege
        cross join pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
          and has_sequence_privilege(r, c.oid, privilege)
        union all
        select r || ' ' || privilege || ' ' || n.nspname
        from unnest(array['anon', 'authenticated', 'service_role']) as r
        cross join unnest(array['USAGE', 'CREATE']) as privilege
        cross join pg_namespace n
        where n.nspname in ('public', 'private', 'search')
          and has_schema_privilege(r, n.oid, privilege)
        union all
        select r || ' may become ' || rolname
        from unnest(array['anon', 'authenticated']) as r cross join pg_roles
        where rolname <> r and pg_has_role(r, rolname, 'MEMBER')
        """,
    )

    assert sorted(reachable) == [
        "anon USAGE public",
        "authenticated USAGE messages_seq_seq",  # hang_message numbers as the caller
        "authenticated USAGE private",  # no service exposes it; one table and one function are open
        "authenticated USAGE public",
        "authenticated USAGE search",  # for one function; the table there is nobody's
        "service_role USAGE private",
        "service_role USAGE public",
    ]


def test_every_function_names_all_it_uses_and_only_reviewed_ones_lend_rights(
    catalogue: Connection[Row],
) -> None:
    functions = catalogue.execute(
        "select oid::regproc::text as name, proconfig, prosecdef, prosrc,"
        " has_function_privilege('anon', oid, 'EXECUTE') as anon,"
        " has_function_privilege('authenticated', oid, 'EXECUTE') as authenticated,"
        " has_function_privilege('authenticator', oid, 'EXECUTE') as login"
        " from pg_proc where pronamespace = any ('{public,private,search}'::regnamespace[])"
    ).fetchall()

    assert {row["name"] for row in functions if row["prosecdef"]} <= set(DEFINERS)
    assert {row["name"] for row in functions if row["authenticated"]} <= CALLABLE
    assert {row["name"] for row in functions if row["login"]} == CALLED_BY_THE_LOGIN
    for row in functions:
        assert row["proconfig"] == ['search_path=""', *PLANS.get(row["name"], [])], row["name"]
        assert not row["anon"], row["name"]
        assert "Definer: " in row["prosrc"] or not row["prosecdef"], "no reason is given"


def test_functions_made_later_are_not_everybodys_to_call(catalogue: Connection[Row]) -> None:
    defaults = names(
        catalogue,
        "select unnest(defaclacl)::text as name from pg_default_acl"
        " where defaclrole = 'postgres'::regrole and defaclnamespace = 0 and defaclobjtype = 'f'",
    )

    assert defaults == ["postgres=X/postgres"]


def test_the_migrations_belong_to_a_role_that_is_no_superuser_and_need_one_extension(
    catalogue: Connection[Row],
) -> None:
    owners = names(
        catalogue,
        "select distinct relowner::regrole::text as name from pg_class"
        " where relnamespace = any ('{public,private,search}'::regnamespace[])",
    )
    extensions = names(catalogue, "select extname as name from pg_extension")
    superusers = names(catalogue, "select rolname as name from pg_roles where rolsuper")

    assert owners == ["postgres"]
    assert sorted(extensions) == ["plpgsql", "unaccent"]
    assert superusers == ["supabase_admin"]
