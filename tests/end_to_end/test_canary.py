"""A key that is given to every provider and told back by careless ones is found nowhere again.

One machine at debug level, PostgreSQL logging every statement: a user's commands and a client's raw
requests, over every dialect and the web search; then everything that was said or kept is searched.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
from psycopg import sql

from backend_functions.embedded.machine_keys import load_or_create
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.postgres import SUPERUSER
from tests.support.backend import BackendUser
from tests.support.faults import WIRES, DialectUpstream, Fault
from tests.support.home import Home, home_in
from tests.support.http_upstream import Writer, whole
from tests.support.serving import served
from tests.support.tavily import Tavily

CANARY = f"sk-canary-{uuid4().hex[:8]}"  # other tests, which run at the same time, have keys too
MODELS = ("fine", "401", "error-event", "quote", "quote-later", "html", "thinks")
FUNCTIONS = "/functions/v1"


async def quote(self: DialectUpstream, writer: Writer) -> None:
    """Refuse with all that was sent."""
    error = {"message": f"{self.headers[-1]}", "type": f"{self.headers[-1]}"}
    writer.write(whole(400, "application/json", json.dumps({"error": error}).encode()))


async def quote_later(self: DialectUpstream, writer: Writer) -> None:
    """Break off with all that was sent as a header of no known name, in the midst of no answer."""
    said = json.dumps({"x": f"{self.headers[-1]}"}).encode()
    writer.write(whole(200, self.wire.media_type, b"data: " + said[:-1] + b"\n\n" + said))


@contextmanager
def upstreams() -> Iterator[tuple[dict[str, DialectUpstream], Tavily, dict[str, str]]]:
    """Run a provider of every dialect and a web search in a thread; gives their addresses too."""
    faults: dict[str, Fault] = {"quote": quote, "quote-later": quote_later}
    providers = {name: DialectUpstream(wire=wire, faults=faults) for name, wire in WIRES.items()}
    tavily, addresses = Tavily(), dict[str, str]()
    ready, over, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            for name, provider in providers.items():
                await stack.enter_async_context(provider.running())
                addresses[name] = str(provider.base_url)
            addresses["tavily"] = await stack.enter_async_context(served(tavily.app()))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield providers, tavily, addresses
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@contextmanager
def watched_processes() -> Iterator[set[str]]:
    """Gather the command lines and environments of all processes meanwhile."""
    seen, over = set[str](), threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            for process in psutil.process_iter(["cmdline", "environ"]):
                seen.add(f"{process.info['cmdline']} {process.info['environ']}")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


class Client:
    """Calls the functions as a user does who has no `pocketllm`, and keeps all it is told."""

    def __init__(self, user: BackendUser, http: httpx.Client) -> None:
        self._user = user
        self._http = http
        self._http.headers.update({"apikey": user.key, "authorization": f"Bearer {user.token}"})
        self.told: list[str] = []

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        response = self._http.request(method, path, json=body, headers=headers)
        self.told.append(f"{response.headers} {response.text}")
        is_json = response.headers.get("content-type") == "application/json"
        return response.json() if is_json else None

    def use(self, provider: str, address: str) -> None:
        """Do with a provider all that a key is used for."""
        key = f"{CANARY}-{provider}-0123456789"
        new = {"name": provider, "provider": provider, "base_url": address, "model": "m"}
        made = self.call("POST", f"{FUNCTIONS}/model-configs", new | {"api_key": key})
        config = f"{FUNCTIONS}/model-configs/{made['id']}"
        self.call("PATCH", config, {"api_key": f"{key}-again"})
        self.call("PATCH", config, {"api_key": [key]})
        self.call("POST", f"{FUNCTIONS}/model-configs", new | {"api_key": f"{key}\n"})
        self.call("POST", f"{config}/catalog", {})
        if provider == "tavily":
            return
        chat = self._user.add_chat(made["id"])
        for model in MODELS:
            self.call("PATCH", config, {"model": model})
            self.call("POST", f"{config}/test", {})
            ask = {"chatId": chat, "prompt": "hi", "webSearch": model == "fine"}
            self.call("POST", f"{FUNCTIONS}/chat-request", ask, accept="text/event-stream")
        for query in ("401", "html"):
            ask = {"chatId": chat, "prompt": query, "webSearch": True}
            self.call("POST", f"{FUNCTIONS}/chat-request", ask)
        self.call("GET", "/rest/v1/model_configs?select=name,has_key,api_key_last4")
        self.call("GET", "/rest/v1/model_configs?select=*")
        self.call("GET", "/rest/v1/messages?select=*")


def commands(home: Home, provider: str, address: str) -> Iterator[str]:
    """What a user of `pocketllm` is told, at debug level."""
    new = ("models", "add", provider, "--provider", provider, "--model", "fine")
    key = f"{CANARY}-{provider}-0123456789".encode()
    for words, stdin in (
        ((*new, "--base-url", address, "--key-stdin"), key),
        (("models", "edit", provider, "--key-stdin"), key + b"-again"),
        (("models", "test", provider), b""),
        (("models", "catalog", provider), b""),
        (("models", "show", provider, "--json"), b""),
        (("ask", "-m", provider, "hi"), b""),
        (("models", "edit", provider, "--model", "quote"), b""),
        (("ask", "-m", provider, "hi"), b""),
    ):
        ran = home.run("--debug", *words, stdin=stdin)
        yield f"{words[:2]}: {ran.code} {ran.text} {ran.err}"


def rows(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[str]:
    """Every row of every table there is, as text."""
    tables = connection.execute(
        "select schemaname, tablename from pg_tables where schemaname <> 'information_schema'"
    ).fetchall()
    for schema, table in tables:
        query = sql.SQL("select one::text from {} as one").format(sql.Identifier(schema, table))
        yield from (f"{schema}.{table}: {row[0]}" for row in connection.execute(query))


def superuser(home: Home) -> psycopg.Connection[tuple[Any, ...]]:
    ports = json.loads((home.backend_folder / "ports.json").read_text())
    keys = load_or_create(home.backend_folder / "keys.json")
    url = database_url(SUPERUSER, keys.admin_password, ports["postgres"])
    return psycopg.connect(url, autocommit=True)


def test_a_key_is_found_nowhere_but_with_its_provider(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        home_in(tmp_path / "home", POCKETLLM_DEBUG="1") as home,
        upstreams() as (providers, tavily, addresses),
        watched_processes() as processes,
    ):
        assert home.run("backend", "start").code == 0
        with superuser(home) as database, httpx.Client(timeout=60) as http:
            database.execute("alter system set log_statement = 'all'")
            database.execute("select pg_reload_conf()")
            status = home.status()
            http.base_url = httpx.URL(status["url"])
            client = Client(sign_up(status), http)
            for name in ("tavily", *providers):
                client.use(name, addresses[name])
            # For the client all dialects are one.
            said += commands(home, "anthropic", addresses["anthropic"])
            said += client.told + list(rows(database))
        assert home.run("backend", "stop").code == 0
        files = [path for path in home.folder.rglob("*") if path.is_file()]
        kept = {path: path.read_bytes() for path in files}

    for name, provider in providers.items():
        sent = [str(headers) for headers in provider.headers]
        assert any(f"{CANARY}-{name}-0123456789-again" in headers for headers in sent), name
    assert f"Bearer {CANARY}-tavily-0123456789-again" in tavily.keys
    logs = [path.name for path in files if b"debug" in kept[path] and path.suffix == ".log"]
    assert "backend.log" in logs
    assert any(b"statement: " in kept[path] for path in files if path.name == "postgres.log")
    assert [text for text in said if CANARY in text] == []
    assert [line for line in processes if CANARY in line] == []
    assert [path for path, content in kept.items() if CANARY.encode() in content] == []


def sign_up(status: dict[str, Any]) -> BackendUser:
    body = {"email": "someone@example.com", "password": "correct horse battery"}
    key = status["publishable_key"]
    made = httpx.post(f"{status['url']}/auth/v1/signup", json=body, headers={"apikey": key})
    token = made.json()["access_token"]
    return BackendUser(status["url"], key, body["email"], body["password"], token)
