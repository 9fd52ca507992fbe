"""All services of the embedded backend in a thread, over a database of the test cluster."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from backend_functions.app import Services
from backend_functions.embedded.all_in_one import embedded_app
from backend_functions.embedded.new_user import give_local_model
from backend_functions.embedded.outbox import Outbox
from backend_functions.embedded.ports import free_port
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.embedded.token_keys import TokenKeys
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.sweep import prepare_storage
from backend_functions.settings import AuthSettings, Settings, parse_master_keys
from tests.conftest import Cluster
from tests.support.plain import NO_TLS
from tests.support.serving import served


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who sends requests to Storage; without a token, nobody in particular."""

    http: httpx.Client
    id: str = ""
    token: str = ""
    refresh_token: str = ""

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, path, **more)

    def put_object(
        self, path: str, content: bytes = b"hello", mime_type: str = "text/plain", **headers: str
    ) -> httpx.Response:
        headers = {
            "content-type": mime_type,
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        return self.send("POST", f"object/{path}", content=content, headers=headers)

    def read(self, path: str) -> httpx.Response:
        return self.send("GET", f"object/authenticated/{path}")


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """Where it is, and what a test needs to arrange and to look."""

    url: str
    cluster: Cluster
    database: str
    objects: Path

    def person(self, *, key: str, token: str = "", id: str = "") -> Person:
        headers = {"apikey": key} if key else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        http = httpx.Client(
            base_url=f"{self.url}/storage/v1/", headers=headers, timeout=30, verify=NO_TLS
        )
        return Person(http, id, token)

    def sign_up(self) -> Person:
        """Make somebody new."""
        key = self.cluster.keys.publishable_key
        body = {"email": f"{uuid4().hex}@example.com", "password": "correct horse battery"}
        answer = httpx.post(
            f"{self.url}/auth/v1/signup", json=body, headers={"apikey": key}, verify=NO_TLS
        )
        session = answer.raise_for_status().json()
        person = self.person(key=key, token=session["access_token"], id=session["user"]["id"])
        return replace(person, refresh_token=session["refresh_token"])

    @property
    def service(self) -> Person:
        key = self.cluster.keys.secret_key
        return self.person(key=key, token=key)

    @property
    def anonymous(self) -> Person:
        return self.person(key=self.cluster.keys.publishable_key)

    def run_sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement with every right."""
        url = self.cluster.url(self.database, login=SUPERUSER)
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def files(self) -> set[str]:
        """Return the names of all files of objects, those being written too."""
        return {path.name for path in self.objects.rglob("*") if path.is_file()}


@contextmanager
def running_gateway(
    cluster: Cluster, database: str, folder: Path, *, is_bare: bool = False
) -> Iterator[RunningGateway]:
    """Serve until the block ends.

    Args:
        is_bare: As on a hosted project: a new user is given nothing.
    """
    keys, port = cluster.keys, free_port()
    settings = Settings(
        mode="embedded",
        supabase_url=f"http://127.0.0.1:{port}",  # its functions call its Storage
        database_url=cluster.url(database),
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        master_keys=parse_master_keys(keys.master_keys),
    )
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    urls: list[str] = []

    async def serve() -> None:
        objects = ObjectFolder(folder)
        await prepare_storage(settings.database_url, objects)
        services = Services.build(settings, max_connections=4)
        tokens = TokenKeys(keys, issuer=settings.issuer)
        auth, outbox = AuthSettings(settings.supabase_url), Outbox(folder.parent / "mail")
        feed_url = cluster.url(database, login="postgres")
        app = embedded_app(
            services,
            keys,
            objects,
            tokens,
            auth,
            outbox.put,
            feed_url=feed_url,
            forget_mails=outbox.forget,
            on_user_created=None if is_bare else give_local_model,
        )
        async with served(app, port=port) as url:
            urls.append(url)
            ready.set()
            await stop.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(30), "the gateway did not start"
        yield RunningGateway(urls[0], cluster, database, folder)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        _wait_until_unheard(cluster, database)


def _wait_until_unheard(cluster: Cluster, database: str) -> None:
    """Wait until PostgreSQL has noticed that nobody reads the changes: then it may be dropped."""
    url = cluster.url("template1", login=SUPERUSER)
    active = "select 1 from pg_replication_slots where database = %s and active"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(active, (database,)).fetchone():
            time.sleep(0.02)
