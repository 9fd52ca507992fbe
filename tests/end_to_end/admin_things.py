"""What tests of admin commands arrange and look at: users with things, and all that is kept."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.postgres import SUPERUSER
from tests.support.backend import BackendUser, sign_up
from tests.support.home import Home
from tests.support.plain import NO_TLS

PICTURE = b"\x89PNG\r\n\x1a\n" + b"a picture"


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who has something of everything."""

    user: BackendUser
    id: str
    chat: str
    job: str


def connect(home: Home) -> psycopg.Connection[tuple[Any, ...]]:
    """Look at the backend's database as its superuser."""
    folder = home.backend_folder
    port = json.loads((folder / "ports.json").read_text())["postgres"]
    password = load(folder / "keys.json").admin_password
    return psycopg.connect(database_url(SUPERUSER, password, port), autocommit=True)


def add_owner(home: Home) -> Owner:
    """Sign somebody up who has a key, chats (one deleted), files, a job with a picture, a mail."""
    status = home.status()
    user = sign_up(status["url"], status["publishable_key"])
    me = user.call("GET", "/auth/v1/user")["id"]
    user.add_config(model="m", base_url="https://api.example.com/v1", api_key="sk-canary-of-a-user")
    chats = [_add_chat(user) for _ in range(2)]
    put(home, f"private/user_files/{me}/{chats[0]}/a.txt", b"a file of a chat", "text/plain")
    put(home, f"public/avatars/{me}.png", PICTURE, "image/png")
    user.call("POST", "/rest/v1/rpc/delete_chats", {"chat_ids": [chats[1]]})
    job = add_job(home, me, "completed")
    httpx.post(
        f"{status['url']}/auth/v1/recover",
        json={"email": user.email},
        headers={"apikey": status["publishable_key"]},
        timeout=30,
        verify=NO_TLS,
    ).raise_for_status()
    return Owner(user, me, chats[0], job)


def _add_chat(user: BackendUser) -> str:
    body = {"id": str(uuid4()), "title": "a chat"}
    user.call("POST", "/rest/v1/chats", body, prefer="return=minimal")
    for content in ("hello", "there"):
        message = {"chat_id": body["id"], "role": "user", "content": content}
        user.call("POST", "/rest/v1/messages", message, prefer="return=minimal")
    return body["id"]


def add_job(home: Home, user_id: str, status: str, *, age: str = "2 days") -> str:
    """Add a job that is that far, by the service's hand; a completed one has its picture."""
    job = str(uuid4())
    path = f"private/generated_images/{user_id}/{job}.png"
    if status == "completed":
        put(home, path, PICTURE, "image/png")
    output = json.dumps({"path": path}) if status == "completed" else None
    with connect(home) as connection:
        connection.execute("set session_replication_role = replica")  # times are ours to say
        connection.execute(
            "insert into public.jobs (id, user_id, job_type, status, input_data, output_data,"
            " updated_at) values (%s, %s, 'unknown_work', %s, '{\"prompt\": \"x\"}', %s,"
            " now() - %s::interval)",
            (job, user_id, status, output, age),
        )
    return job


def put(home: Home, name: str, content: bytes, content_type: str) -> None:
    """Store an object with the secret key."""
    status = home.status()
    key = status["secret_key"]
    httpx.post(
        f"{status['url']}/storage/v1/object/user_assets/{name}",
        content=content,
        headers={"apikey": key, "authorization": f"Bearer {key}", "content-type": content_type},
        timeout=30,
        verify=NO_TLS,
    ).raise_for_status()


def tables(connection: psycopg.Connection[tuple[Any, ...]]) -> list[sql.Identifier]:
    """Every table that is not PostgreSQL's own."""
    rows = connection.execute(
        "select nspname, relname from pg_class join pg_namespace n on n.oid = relnamespace"
        " where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema')"
        " and nspname !~ '^pg_' order by 1, 2"
    ).fetchall()
    return [sql.Identifier(schema, table) for schema, table in rows]


def tables_naming(home: Home, *texts: str) -> list[str]:
    """Return the tables with a row that holds one of the texts in any column."""
    with connect(home) as connection:
        return [
            table.as_string(connection)
            for table in tables(connection)
            for text in texts
            if connection.execute(
                sql.SQL("select 1 from {} as t where strpos(lower(t::text), lower(%s)) > 0").format(
                    table
                ),
                (text,),
            ).fetchone()
        ]


def files_naming(home: Home, *texts: str) -> list[Path]:
    """Return files of the backend, but for PostgreSQL's own, that hold or are called so."""
    found = []
    for path in home.backend_folder.rglob("*"):
        inside = path.relative_to(home.backend_folder)
        if path.is_file() and inside.parts[0] != "postgres":
            data = (str(inside).encode() + path.read_bytes()).lower()
            found += [path for text in texts if text.lower().encode() in data]
    return found


def everything(home: Home) -> dict[str, str]:
    """Return a digest of each table's rows, each object's bytes, the mails and the keys."""
    found = {}
    with connect(home) as connection:
        for table in tables(connection):
            query = sql.SQL(
                "select md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), ''))"
                " from {} as t"
            ).format(table)
            row = connection.execute(query).fetchone()
            assert row is not None
            found[table.as_string(connection)] = str(row[0])
    folder = home.backend_folder
    for kind in ("objects", "mail"):
        for path in (folder / kind).rglob("*"):
            if path.is_file():
                found[str(path.relative_to(folder))] = _digest(path)
    return found | {"keys.json": _digest(folder / "keys.json")}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
