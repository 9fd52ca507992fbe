"""The forwarding Edge Functions, run by Deno in front of a server in a process of its own."""

import asyncio
import json
import socket
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from supabase_functions import SyncFunctionsClient

from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.types import Caller
from tests.conftest import Cluster, make_user
from tests.sql.databases import new_database
from tests.support.deno import FUNCTIONS, run_deno, running_function
from tests.support.replica import RunningReplica, running_replica, token
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

NAMES = sorted(folder.parent.name for folder in FUNCTIONS.glob("*/index.ts"))
WORDS = "".join(f"word{number} " for number in range(50))


@dataclass(frozen=True, slots=True)
class Edge:
    """The project's side: functions, the server behind them, and a person."""

    url: str
    replica: RunningReplica
    database_url: str
    person: Caller

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {token(self.person)}", "apikey": "sb_publishable_test"}

    def new_chat(self, model: str, addresses: dict[str, str]) -> str:
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "with config as (insert into public.model_configs (user_id, name, provider,"
                " base_url, model) values (%(user)s, %(name)s, 'openai-compatible', %(url)s,"
                " %(model)s) returning id) insert into public.chats (user_id, title,"
                " model_config_id) select %(user)s, 't', id from config returning id::text",
                {
                    "user": self.person.user_id,
                    "name": uuid4().hex,
                    "url": addresses["any"],
                    "model": model,
                },
            ).fetchone()
        assert row is not None
        return str(row[0])


@pytest.fixture(scope="module")
def edge(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    with new_database(cluster) as name:
        url = cluster.url(name, login=SUPERUSER)
        person = asyncio.run(_make_person(url))
        with running_replica(folder, cluster.url(name), cluster.keys.master_keys) as replica:
            address = f"{replica.url}/functions/v1"
            with running_function(
                "chat-request", folder / "log", POCKETLLM_FUNCTIONS_URL=address
            ) as function:
                yield Edge(function, replica, url, person)


async def _make_person(url: str) -> Caller:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await make_user(connection)


def test_supabases_own_client_gets_an_answer(
    edge: Edge, provider: Upstream, addresses: dict[str, str]
) -> None:
    chat = edge.new_chat("plain", addresses)
    body = {"chatId": chat, "prompt": "hi"}
    with httpx.Client(timeout=60) as http:
        client = SyncFunctionsClient(edge.url, edge.headers, http_client=http)
        answer: Any = client.invoke("chat-request", {"body": body, "responseType": "json"})

    assert answer["role"] == "assistant"
    assert answer["content"] == WORDS


def test_an_answer_streams_through_and_is_taken_up_again(
    edge: Edge, provider: Upstream, addresses: dict[str, str]
) -> None:
    body = {"chatId": edge.new_chat("one-by-one", addresses), "prompt": "hi"}
    headers = edge.headers | {"accept": "text/event-stream", "x-request-id": "from-the-client"}
    came: list[tuple[float, str]] = []
    with httpx.stream(
        "POST", f"{edge.url}/functions/v1/chat-request", json=body, headers=headers, timeout=60
    ) as response:
        came.extend((time.monotonic(), line) for line in response.iter_lines())
    deltas = [at for at, line in came if line == "event: delta"]
    events = [json.loads(line[5:]) for _, line in came if line.startswith("data:")]
    started, done = events[0], events[-1]
    path = f"chat-request/{started['assistant_message_id']}"
    rest = httpx.get(
        f"{edge.url}/{path}?x=1", headers=headers | {"last-event-id": str(len(WORDS) - 7)}
    )

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-request-id"] == "from-the-client"
    assert done["message"]["content"] == WORDS
    assert deltas[-1] - deltas[0] > 1.0, "it came in pieces, over the 2.5 seconds that it took"
    assert '"word49 "' in rest.text
    assert "word48" not in rest.text.partition("event: done")[0]


def test_what_the_servers_refuse_is_refused_in_their_words(edge: Edge) -> None:
    refused = httpx.post(f"{edge.url}/chat-request", json={}, headers={"authorization": "Bearer x"})
    direct = httpx.post(f"{edge.replica.url}/functions/v1/chat-request", json={})

    assert refused.status_code == direct.status_code == 401
    assert refused.json()["error"]["code"] == direct.json()["error"]["code"]
    assert refused.headers["x-request-id"] == refused.json()["error"]["request_id"]


def test_pages_may_ask_first(edge: Edge) -> None:
    asked = httpx.options(
        f"{edge.url}/chat-request",
        headers={"origin": "https://app.test", "access-control-request-method": "POST"},
    )

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "x-client-info" in asked.headers["access-control-allow-headers"]


def test_only_what_is_for_the_servers_reaches_them(tmp_path: Path) -> None:
    given = {
        "authorization": "Bearer users",
        "apikey": "sb_publishable_x",
        "sb-api-key": "canary",
        "cookie": "canary",
        "x-forwarded-for": "canary",
        "last-event-id": "7",
    }
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/functions/v1/"
        with running_function(
            "readyz",
            tmp_path / "log",
            POCKETLLM_FUNCTIONS_URL=address,
            POCKETLLM_FUNCTIONS_SECONDS="0.5",
        ) as url:
            late = httpx.get(f"{url}/readyz", headers=given, timeout=60)
        connection, _ = server.accept()
        with connection:
            head = connection.recv(65536).decode()

    assert head.startswith("GET /functions/v1/readyz HTTP/1.1")
    assert "authorization: bearer users" in head.lower()
    assert "last-event-id: 7" in head.lower()
    assert "canary" not in head
    assert "sb_publishable" not in head
    assert late.status_code == 504
    assert late.json()["error"]["code"] == "too_slow"


def test_servers_that_are_away_are_unavailable(tmp_path: Path) -> None:
    nobody = {"POCKETLLM_FUNCTIONS_URL": "http://127.0.0.1:9/secret-path"}
    with running_function("health", tmp_path / "log", **nobody) as url:
        away = httpx.get(f"{url}/health", timeout=60)

    assert away.status_code == 503
    assert away.json()["error"]["code"] == "unavailable"
    assert "secret-path" not in away.text + (tmp_path / "log").read_text()


def test_each_endpoint_of_the_servers_has_a_function_that_the_project_does_not_judge(
    edge: Edge,
) -> None:
    paths = httpx.get(f"{edge.replica.url}/functions/v1/openapi.json").json()["paths"]
    endpoints = {path.split("/")[3] for path in paths} | {"health", "readyz"}
    config: dict[str, Any] = tomllib.loads((FUNCTIONS.parent / "config.toml").read_text())

    assert endpoints <= set(NAMES)
    assert config["functions"] == {name: {"verify_jwt": False} for name in NAMES}


@pytest.mark.parametrize(
    "words",
    [("fmt", "--check"), ("lint",), ("check", *(f"{name}/index.ts" for name in NAMES))],
    ids=lambda words: words[0],
)
def test_deno_finds_nothing_to_mend(words: tuple[str, ...]) -> None:
    done = run_deno(*words)

    assert done.returncode == 0, done.stdout + done.stderr
