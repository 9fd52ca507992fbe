"""An unsafe setup is refused before anybody is served, with what mends it and without a secret."""

import os
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from backend_functions.access.legacy_keys import make_legacy_key
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.settings import MasterKey, Settings
from backend_functions.setup_checks import (
    Finding,
    UnsafeSetup,
    check_setup,
    database,
    require_safe_setup,
)
from backend_functions.setup_checks.addresses import check_address
from tests.conftest import Cluster
from tests.support.replica import SECRET

RANDOM = bytes(range(100, 132))
FOREIGN = "a secret of another project, as long"


@pytest.fixture
def settings(cluster: Cluster, database_name: str) -> Settings:
    return Settings(
        mode="hosted",
        supabase_url="https://project.test",
        database_url=cluster.url(database_name),
        publishable_key="sb_publishable_test",
        secret_key="sb_secret_canary",
        master_keys=(MasterKey("m1", RANDOM),),
    )


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.check for finding in findings if not finding.is_ok]


@pytest.mark.db
async def test_a_project_as_the_docs_make_it_is_safe(settings: Settings) -> None:
    findings = await check_setup(settings)

    assert wrong(findings) == []
    assert [finding.check for finding in findings] == [
        *("project address", "API keys", "JWT secret", "master keys", "database password"),
        *("clock", "migrations", "row level security", "bucket"),
    ]
    await require_safe_setup(settings)


UNSAFE_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "http": ({"supabase_url": "http://project.test"}, "project address"),
    "no address": ({"supabase_url": "project.test"}, "project address"),
    "secret key for clients": ({"publishable_key": "sb_secret_canary"}, "API keys"),
    "public key for us": ({"secret_key": "sb_publishable_test"}, "API keys"),
    "key of the examples": (
        {"publishable_key": "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"},
        "API keys",
    ),
    "legacy keys swapped": (
        {
            "secret_key": make_legacy_key("anon", SECRET, issued_at=0, lifetime_seconds=9),
            "jwt_secret": SECRET,
        },
        "API keys",
    ),
    "legacy key of another project": (
        {
            "secret_key": make_legacy_key("service_role", FOREIGN, issued_at=0, lifetime_seconds=9),
            "jwt_secret": SECRET,
        },
        "API keys",
    ),
    "JWT secret of the examples": (
        {"jwt_secret": "super-secret-jwt-token-with-at-least-32-characters-long"},
        "JWT secret",
    ),
    "short JWT secret": ({"jwt_secret": "canary"}, "JWT secret"),
    "even JWT secret": ({"jwt_secret": "canary" * 9}, "JWT secret"),
    "passphrase": (
        {"master_keys": (MasterKey("m1", b"canary, a phrase that one recalls"[:32]),)},
        "master keys",
    ),
    "zeros": ({"master_keys": (MasterKey("m1", bytes(32)),)}, "master keys"),
    "no such host": ({"database_url": "postgresql://x:canary@127.0.0.1:9/postgres"}, "database"),
}


@pytest.mark.db
@pytest.mark.parametrize(("changes", "check"), UNSAFE_SETTINGS.values(), ids=list(UNSAFE_SETTINGS))
async def test_an_unsafe_setting_is_named_and_never_shown(
    settings: Settings, changes: dict[str, Any], check: str
) -> None:
    findings = await check_setup(replace(settings, **changes))

    assert wrong(findings) == [check]
    assert "canary" not in str(findings)
    assert SECRET not in str(findings)


@pytest.mark.db
async def test_everybodys_password_is_refused(settings: Settings, cluster: Cluster) -> None:
    url = settings.database_url.replace(cluster.keys.login_password, "postgres")

    assert "database password" in wrong(await check_setup(replace(settings, database_url=url)))


def test_http_is_fine_on_a_private_network(settings: Settings) -> None:
    inside = replace(settings, supabase_url="http://kong:8000")

    assert not check_address(inside).is_ok
    assert check_address(replace(inside, is_private_project=True)).is_ok


UNSAFE_SQL = {
    "public bucket": ("update storage.buckets set public = true", "bucket"),
    "no bucket": ("delete from storage.buckets", "bucket"),
    "open table": ("alter table public.messages disable row level security", "row level security"),
    "open private table": (
        "alter table private.deleted_chats disable row level security",
        "row level security",
    ),
    "migration missing": (
        "delete from supabase_migrations.schema_migrations where version like '%70'",
        "migrations",
    ),
    "nothing applied": ("drop schema private cascade", "migrations"),
    "login without rights": ("revoke service_role from authenticator", "database login"),
}


@pytest.mark.db
@pytest.mark.parametrize(("statement", "check"), UNSAFE_SQL.values(), ids=list(UNSAFE_SQL))
async def test_an_unsafe_database_is_refused_with_what_mends_it(
    settings: Settings,
    owner_connection: AsyncConnection[tuple[object, ...]],
    statement: str,
    check: str,
) -> None:
    async with owner_connection.transaction(force_rollback=False):
        await owner_connection.execute("set local session_replication_role = replica")
        await owner_connection.execute(statement.encode())
    try:
        findings = await check_setup(settings)
        with pytest.raises(UnsafeSetup, match=check):
            await require_safe_setup(settings)
    finally:  # roles belong to the whole cluster
        await owner_connection.execute("grant service_role to authenticator")

    assert wrong(findings) == [check]


@pytest.mark.db
async def test_a_clock_that_is_off_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr("backend_functions.setup_checks.database.time.time", lambda: real() + 300)

    assert wrong(await check_setup(settings)) == ["clock"]


@pytest.mark.db
def test_the_tables_that_are_looked_at_are_all_there_are(
    settings: Settings, cluster: Cluster
) -> None:
    url = settings.database_url.rpartition("/")[2]
    with psycopg.connect(cluster.url(url, login=SUPERUSER)) as connection:
        tables = connection.execute(
            "select schemaname || '.' || tablename from pg_tables"
            " where schemaname in ('public', 'private', 'search', 'audit')"
            " or (schemaname, tablename) = ('storage', 'objects') order by 1"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"alter table {table} disable row level security".encode())
        found = connection.execute(database._SQL.unprotected_tables).fetchall()

    assert found == tables


def run(module: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if "SUPABASE" not in name}
    return subprocess.run(
        [sys.executable, "-m", module, *(["--port", "0"] if module == "backend_functions" else [])],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.db
def test_the_program_tells_the_same_as_the_server_that_refuses(settings: Settings) -> None:
    environment = {
        "SUPABASE_URL": "http://project.test",
        "SUPABASE_DB_URL": settings.database_url,
        "SUPABASE_PUBLISHABLE_KEY": settings.publishable_key,
        "SUPABASE_SECRET_KEY": settings.secret_key,
        "POCKETLLM_MASTER_KEYS": f"m1:{b64encode(RANDOM).decode()}",
    }

    told = run("backend_functions.check", environment)
    refused = run("backend_functions", environment)
    worker = run("backend_functions.worker", environment)
    private = environment | {"POCKETLLM_PRIVATE_PROJECT": "on"}
    away = run("backend_functions.check", private | {"SUPABASE_URL": "http://127.0.0.1:9"})
    unset = run("backend_functions.check", {})

    assert {each.returncode for each in (told, refused, worker, away, unset)} == {1}
    assert away.stdout.count("FAILED") == 1
    assert "FAILED  public keys" in away.stdout
    assert "FAILED  project address" in told.stdout
    assert "POCKETLLM_PRIVATE_PROJECT" in refused.stderr
    assert refused.stderr == worker.stderr
    assert refused.stderr.startswith("Not started:")
    assert "SUPABASE_URL is not set" in unset.stdout
    for done in (told, refused, away):
        assert "canary" not in done.stdout + done.stderr
        assert environment["POCKETLLM_MASTER_KEYS"][3:] not in done.stdout + done.stderr
