"""The tables, column by column, against the contract and the additions to it."""

import pytest
from psycopg import Connection

from tests.sql.stage import Row

pytestmark = pytest.mark.db

UUID, TEXT, TIME = "uuid", "text", "timestamp with time zone"
OWN_ID = (UUID, "not null", "gen_random_uuid()")
OWNER = (UUID, "not null", "auth.uid()")
NOW = (TIME, "", "now()")

COLUMNS = {
    "profiles": {
        "id": (UUID, "not null", ""),
        "full_name": (TEXT, "", ""),
        "username": (TEXT, "", ""),
        "bio": (TEXT, "", ""),
        "date_of_birth": ("date", "", ""),
        "profession": (TEXT, "", ""),
        "avatar_url": (TEXT, "", ""),
        "survey_completed": ("boolean", "", "false"),
        "created_at": NOW,
        "updated_at": NOW,
    },
    "model_configs": {
        "id": OWN_ID,
        "user_id": OWNER,
        "name": (TEXT, "not null", ""),
        "provider": (TEXT, "not null", ""),
        "base_url": (TEXT, "", ""),
        "api_key_encrypted": (TEXT, "", ""),
        "model": (TEXT, "not null", ""),
        "system_prompt": (TEXT, "", ""),
        "temperature": ("real", "", "0.7"),
        "max_tokens": ("integer", "", "2048"),
        "top_p": ("real", "", "1.0"),
        "frequency_penalty": ("real", "", "0.0"),
        "presence_penalty": ("real", "", "0.0"),
        "is_default": ("boolean", "", "false"),
        "created_at": NOW,
        "updated_at": NOW,
        "key_last4": (TEXT, "", ""),
        "has_key": ("boolean", "", "(api_key_encrypted IS NOT NULL)"),
    },
    "chats": {
        "id": OWN_ID,
        "user_id": OWNER,
        "model_config_id": (UUID, "", ""),
        "title": (TEXT, "not null", ""),
        "created_at": NOW,
        "updated_at": NOW,
        "current_message_id": (UUID, "", ""),
        "title_by": (TEXT, "not null", "'person'::text"),
        "archived_at": ("timestamp with time zone", "", ""),
    },
    "messages": {
        "id": OWN_ID,
        "chat_id": (UUID, "not null", ""),
        "role": (TEXT, "not null", ""),
        "content": (TEXT, "not null", ""),
        "metadata": ("jsonb", "", ""),
        "created_at": NOW,
        "user_id": OWNER,
        "seq": ("bigint", "not null", ""),
        "parent_id": (UUID, "", ""),
    },
    "jobs": {
        "id": OWN_ID,
        "user_id": OWNER,
        "job_type": (TEXT, "not null", ""),
        "status": ("job_status", "", "'pending'::job_status"),
        "input_data": ("jsonb", "", ""),
        "output_data": ("jsonb", "", ""),
        "error_log": (TEXT, "", ""),
        "created_at": NOW,
        "updated_at": NOW,
        "attempt": ("integer", "not null", "0"),
        "started_at": ("timestamp with time zone", "", ""),
        "next_attempt_at": ("timestamp with time zone", "", ""),
    },
}


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_has_exactly_the_agreed_columns_in_order(
    table: str, catalogue: Connection[Row]
) -> None:
    rows = catalogue.execute(
        "select attname, format_type(atttypid, atttypmod) as type,"
        " case when attnotnull then 'not null' else '' end as nullability,"
        " coalesce(pg_get_expr(adbin, adrelid), '') as expression"
        " from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        (f"public.{table}",),
    ).fetchall()

    found = {row["attname"]: (row["type"], row["nullability"], row["expression"]) for row in rows}
    assert found == COLUMNS[table]
    assert list(found) == list(COLUMNS[table])


@pytest.mark.parametrize(
    ("name", "table", "columns"),
    [
        ("idx_model_configs_user_id", "model_configs", "user_id"),
        ("idx_chats_user_id", "chats", "user_id"),
        ("idx_messages_chat_id", "messages", "chat_id, user_id, seq"),
        ("idx_jobs_user_id_status", "jobs", "user_id, status"),
        ("chats_newest_first", "chats", "user_id, updated_at DESC, id DESC"),
    ],
)
def test_the_agreed_indexes_are_there(
    name: str, table: str, columns: str, catalogue: Connection[Row]
) -> None:
    row = catalogue.execute(
        "select indexdef from pg_indexes where schemaname = 'public' and indexname = %s", (name,)
    ).fetchone()

    assert row == {
        "indexdef": f"CREATE INDEX {name} ON public.{table} USING btree ({columns})",
    }


def test_a_job_is_in_one_of_four_states(catalogue: Connection[Row]) -> None:
    row = catalogue.execute("select enum_range(null::public.job_status)::text as states").fetchone()

    assert row == {"states": "{pending,processing,completed,failed}"}


@pytest.mark.parametrize(
    ("table", "target", "action"),
    [
        ("profiles", "auth.users", "(id) REFERENCES auth.users(id) ON DELETE CASCADE"),
        ("model_configs", "auth.users", "(user_id) REFERENCES auth.users(id) ON DELETE CASCADE"),
        ("chats", "auth.users", "(user_id) REFERENCES auth.users(id) ON DELETE CASCADE"),
        ("jobs", "auth.users", "(user_id) REFERENCES auth.users(id) ON DELETE CASCADE"),
        (
            "chats",
            "model_configs",
            "(model_config_id, user_id) REFERENCES model_configs(id, user_id)"
            " ON DELETE SET NULL (model_config_id)",
        ),
        (
            "messages",
            "chats",
            "(chat_id, user_id) REFERENCES chats(id, user_id) ON DELETE CASCADE",
        ),
    ],
)
def test_there_is_one_way_from_a_table_to_another(
    table: str, target: str, action: str, catalogue: Connection[Row]
) -> None:
    rows = catalogue.execute(
        "select pg_get_constraintdef(oid) as definition from pg_constraint"
        " where contype = 'f' and conrelid = %s::regclass and confrelid = %s::regclass",
        (f"public.{table}", target),
    ).fetchall()

    assert rows == [{"definition": f"FOREIGN KEY {action}"}]
