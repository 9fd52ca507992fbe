"""Refresh tokens rotate: commands that start together must not spend the same one."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.postgres import SUPERUSER
from tests.support.home import Home
from tests.support.plain import NO_TLS

TOKENS = (
    "select t.session_id, t.id, t.revoked_at is not null from auth.refresh_tokens t"
    " join auth.sessions s on s.id = t.session_id where s.not_after is null order by t.id"
)


@pytest.fixture
def database(home: Home) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    ports = json.loads((home.backend_folder / "ports.json").read_text())
    password = load(home.backend_folder / "keys.json").admin_password
    url = database_url(SUPERUSER, password, ports["postgres"])
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def refreshes(home: Home) -> float:
    """How often the auth service has been asked for new tokens."""
    told = httpx.get(f"{home.status()['url']}/metrics", timeout=30, verify=NO_TLS).text
    lines = [line for line in told.splitlines() if 'route="/auth/v1/token"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines if "_total{" in line)


def test_five_commands_with_an_ended_token_refresh_once_and_nobody_is_signed_out(
    home: Home, database: psycopg.Connection[tuple[Any, ...]]
) -> None:
    assert home.run("whoami").code == 0
    file = home.folder / "pocketllm" / "state" / "sessions" / "embedded@local.json"
    session = json.loads(file.read_text())
    file.write_text(json.dumps({**session, "expires_at": 0.0}))
    before, asked_before = database.execute(TOKENS).fetchall(), refreshes(home)

    running = [home.start("chats", "list", "--json") for _ in range(5)]
    outputs = [process.communicate(timeout=90) for process in running]

    assert [process.returncode for process in running] == [0] * 5, outputs
    after = database.execute(TOKENS).fetchall()
    new = [row for row in after if row[1] not in {known[1] for known in before}]
    assert refreshes(home) == asked_before + 1
    assert len(new) == 1
    assert {row[0] for row in before} == {row[0] for row in after}
    renewed = json.loads(file.read_text())
    assert renewed["refresh_token"] != session["refresh_token"]
    assert home.run("whoami", "--json").json()["email"] == session["email"]
