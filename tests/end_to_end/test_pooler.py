"""Servers behind a pooler in transaction mode: nothing of theirs outlives a transaction."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.setup_checks.lasting import check_lasting
from backend_functions.types import Caller
from tests.conftest import Cluster, make_user
from tests.sql.databases import new_database
from tests.support.pooler import Pooler, running_pooler
from tests.support.replica import running_replica, token
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

QUESTIONS = 12
LEFT_BEHIND = """
select (select count(*) from pg_prepared_statements),
       (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
       (select count(*) from pg_listening_channels()),
       current_user::text,
       coalesce(current_setting('request.jwt.claims', true), '')
"""


@pytest.fixture
def pooler(cluster: Cluster) -> Iterator[Pooler]:
    with new_database(cluster) as name, running_pooler(cluster, name, size=3) as pooler:
        yield pooler


async def arrange(cluster: Cluster, pooler: Pooler, provider: Upstream) -> tuple[Caller, list[str]]:
    url = cluster.url(pooler.database, login=SUPERUSER)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        user = await make_user(connection)
        await connection.execute(
            "insert into public.model_configs (user_id, name, provider, base_url, model,"
            " is_default) values (%s, 'm', 'openai-compatible', %s, 'plain', true)",
            (user.user_id, provider.base_url),
        )
        chats = [str(uuid4()) for _ in range(QUESTIONS)]
        for chat in chats:
            await connection.execute(
                "insert into public.chats (id, user_id, title) values (%s, %s, 't')",
                (chat, user.user_id),
            )
    return user, chats


async def test_each_transaction_may_go_to_another_connection(
    cluster: Cluster, pooler: Pooler, tmp_path: Path
) -> None:
    async with Upstream().running() as provider:
        user, chats = await arrange(cluster, pooler, provider)
        headers = {"authorization": f"Bearer {token(user)}"}
        keys = cluster.keys.master_keys
        with running_replica(tmp_path, pooler.url(cluster), keys) as replica:
            async with httpx.AsyncClient(
                base_url=f"{replica.url}/functions/v1/", headers=headers, timeout=60
            ) as http:
                answers = await asyncio.gather(
                    *(
                        http.post("chat-request", json={"chatId": chat, "prompt": chat})
                        for chat in chats
                    )
                )
                made = await http.post(
                    "model-configs",
                    json={
                        "name": "sealed",
                        "provider": "openai-compatible",
                        "model": "x",
                        "base_url": provider.base_url,
                        "api_key": "sk-canary",
                    },
                )
            replica.stop()
            log = [json.loads(line) for line in replica.log.read_text().splitlines() if line]

    assert [answer.status_code for answer in answers] == [200] * QUESTIONS
    assert {answer.json()["content"] for answer in answers} == {"word0 word1 word2 "}
    assert made.status_code == 201, made.text
    assert [line for line in log if line.get("level") in ("warning", "error")] == []
    assert pooler.transactions > 4 * QUESTIONS
    assert pooler.ask_each(LEFT_BEHIND) == [(0, 0, 0, "authenticator", "")] * 3


async def test_a_worker_is_told_that_its_connection_would_not_last(
    cluster: Cluster, pooler: Pooler
) -> None:
    pooled = await check_lasting(pooler.url(cluster))
    direct = await check_lasting(cluster.url(pooler.database))

    assert not pooled.is_ok
    assert "5432" in str(pooled.fix)
    assert direct.is_ok
    assert pooler.ask_each(LEFT_BEHIND) == [(0, 0, 0, "authenticator", "")] * 3


async def test_a_pooler_of_one_connection_is_told_apart_too(cluster: Cluster) -> None:
    with new_database(cluster) as name, running_pooler(cluster, name, size=1) as pooler:
        pooled = await check_lasting(pooler.url(cluster))

    assert not pooled.is_ok
