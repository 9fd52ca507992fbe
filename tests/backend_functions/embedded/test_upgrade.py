"""A backend's folder as an earlier version left it, and today's backend started on it."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import bcrypt
import httpx
import psycopg
import pytest

from backend_functions.db.migrate import migrate, sql_folder
from backend_functions.embedded.account import choose_account
from backend_functions.embedded.machine_keys import MachineKeys, load_or_create
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.ports import free_port
from backend_functions.embedded.postgres import SUPERUSER, Postgres
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import parse_master_keys
from tests.support.backend import BackendUser
from tests.support.home import Home, home_in

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("upgrade")]

THEN = "20261122000025_search.sql"
"""The first migration, and file of the platform too, that the earlier version did not have."""
ADDED_SINCE = ("legacy_secret", "storage_key", "standby_key_pem", "retired_keys")
"""Keys of the machine that its `keys.json` did not have."""
EMAIL, PASSWORD, KEY = "ada@example.org", "correct horse battery", "sk-canary-0123456789"
USER, CONFIG, CHAT, QUESTION, ANSWER = (uuid4() for _ in range(5))
_MESSAGE = (
    "insert into public.messages (id, chat_id, user_id, role, content) values (%s, %s, %s, %s, %s)"
)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Today's backend, running on the folder of the earlier one."""
    folder = tmp_path_factory.mktemp("upgraded")
    with home_in(folder) as home:
        home.backend_folder.mkdir(parents=True, mode=0o700)
        _run_the_earlier_version(home.backend_folder, folder / "sql")
        started = home.run("backend", "start")
        assert started.code == 0, started.err
        yield home


@pytest.fixture(scope="module")
def user(upgraded: Home) -> BackendUser:
    status = upgraded.status()
    url, key = status["url"], status["publishable_key"]
    session = httpx.post(
        f"{url}/auth/v1/token?grant_type=password",
        json={"email": EMAIL, "password": PASSWORD},
        headers={"apikey": key},
        timeout=60,
    )
    assert session.status_code == 200, session.text
    return BackendUser(url, key, EMAIL, PASSWORD, session.json()["access_token"])


def test_who_had_an_account_signs_in_with_the_same_password(user: BackendUser) -> None:
    assert user.call("GET", "/auth/v1/user")["id"] == str(USER)


def test_every_chat_and_message_is_there(user: BackendUser) -> None:
    [chat] = user.call("GET", "/rest/v1/chats?select=id,title,model_config_id")
    messages = user.call("GET", "/rest/v1/messages?select=id,role,content,parent_id&order=seq")

    assert chat == {"id": str(CHAT), "title": "Burritos", "model_config_id": str(CONFIG)}
    assert messages == [
        {"id": str(QUESTION), "role": "user", "content": "What is a monad?", "parent_id": None},
        {
            "id": str(ANSWER),
            "role": "assistant",
            "content": "A burrito, à la carte.",
            "parent_id": str(QUESTION),
        },
    ]


def test_what_was_written_before_there_was_a_search_is_found(user: BackendUser) -> None:
    [found] = user.call("POST", "/rest/v1/rpc/search_messages", {"query": "monad"})
    [accented] = user.call("POST", "/rest/v1/rpc/search_messages", {"query": '"a la carte"'})

    assert found["message_id"] == str(QUESTION)
    assert accented["message_id"] == str(ANSWER)


def test_the_sealed_key_still_opens(upgraded: Home) -> None:
    keys = json.loads((upgraded.backend_folder / "keys.json").read_text())
    port = json.loads((upgraded.backend_folder / "ports.json").read_text())["postgres"]
    with psycopg.connect(database_url("postgres", keys["owner_password"], port)) as connection:
        row = connection.execute(
            "select api_key_encrypted from public.model_configs where id = %s", (CONFIG,)
        ).fetchone()

    assert row is not None
    assert _sealer(keys["master_keys"]).open(row[0], _binding()) == KEY


def test_the_schema_is_todays_and_ready(user: BackendUser) -> None:
    assert user.call("GET", "/functions/v1/readyz") == {"status": "ready"}
    assert user.call("POST", "/rest/v1/rpc/self_check")


def _run_the_earlier_version(folder: Path, sql: Path) -> None:
    keys, port = load_or_create(folder / "keys.json"), free_port()
    _forget_later_keys(folder / "keys.json", keys)
    for part in ("platform", "supabase/migrations"):
        (sql / part).mkdir(parents=True)
        for file in (sql_folder() / part).iterdir():
            if file.name < THEN:
                shutil.copy(file, sql / part)
    postgres = Postgres(
        choose_account(folder), log=folder / "postgres.log", password=keys.admin_password
    )
    postgres.create()
    postgres.start(port)
    try:
        admin = database_url(SUPERUSER, keys.admin_password, port)
        asyncio.run(_prepare(admin, keys, port, sql))
        with psycopg.connect(admin) as connection:
            _write(connection, keys)
    finally:
        postgres.stop()


def _forget_later_keys(path: Path, keys: MachineKeys) -> None:
    kept = {name: value for name, value in asdict(keys).items() if name not in ADDED_SINCE}
    path.write_text(json.dumps(kept))


async def _prepare(admin: str, keys: MachineKeys, port: int, sql: Path) -> None:
    """Make the schema of then, by the files that were there, as that version did."""
    await migrate(admin, sql / "platform", ledger="platform_migrations")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("alter schema public owner to postgres")
        connection.execute("grant create, connect, temporary on database postgres to postgres")
        connection.pgconn.change_password(b"postgres", keys.owner_password.encode())
    owner = database_url("postgres", keys.owner_password, port)
    await migrate(owner, sql / "supabase/migrations", ledger="supabase_migrations")


def _write(connection: "psycopg.Connection[tuple[object, ...]]", keys: MachineKeys) -> None:
    """Write what a user of that version had."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    sealed = _sealer(keys.master_keys).seal(KEY, _binding())
    for statement, values in (
        (
            "insert into auth.users (id, email, encrypted_password, email_confirmed_at)"
            " values (%s, %s, %s, now())",
            (USER, EMAIL, hashed),
        ),
        (
            "insert into public.model_configs (id, user_id, name, provider, model,"
            " api_key_encrypted) values (%s, %s, 'work', 'openai', 'gpt', %s)",
            (CONFIG, USER, sealed),
        ),
        (
            "insert into public.chats (id, user_id, title, model_config_id)"
            " values (%s, %s, 'Burritos', %s)",
            (CHAT, USER, CONFIG),
        ),
        (_MESSAGE, (QUESTION, CHAT, USER, "user", "What is a monad?")),
        (_MESSAGE, (ANSWER, CHAT, USER, "assistant", "A burrito, à la carte.")),
    ):
        connection.execute(statement, values)


def _sealer(master_keys: str) -> KeySealer:
    return KeySealer(parse_master_keys(master_keys))


def _binding() -> KeyBinding:
    return KeyBinding(USER, CONFIG, "https://api.openai.com:443")
