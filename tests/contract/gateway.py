"""A gateway for the clients' own published test suites: `python -m tests.contract.gateway --help`.

It has the secret and the keys that those suites have written into them, listens on the ports they
expect, serves a service alone where they look for one at a port's root, and takes a missing apikey
for the public one. The database is new each time and gone afterwards.
"""

import argparse
import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from psycopg import AsyncConnection

from backend_functions.access.legacy_keys import make_legacy_key
from backend_functions.app import Services
from backend_functions.embedded.all_in_one import embedded_app
from backend_functions.embedded.new_user import give_local_model
from backend_functions.embedded.outbox import Outbox
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.embedded.token_keys import TokenKeys
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.sweep import prepare_storage
from backend_functions.settings import AuthSettings, Settings, parse_master_keys
from tests.conftest import Cluster, running_cluster
from tests.contract.constants import (
    LEGACY_ISSUED_AT,
    LEGACY_LIFETIME_SECONDS,
    PUBLISHABLE_KEY,
    SECRET,
    SECRET_KEY,
)
from tests.contract.wrapping import at_root_of, with_public_key
from tests.support.serving import served

OPEN_TO_ALL = """
grant usage on schema {schema} to anon, authenticated, service_role;
grant all on all tables in schema {schema} to anon, authenticated, service_role;
grant all on all sequences in schema {schema} to anon, authenticated, service_role;
grant execute on all functions in schema {schema} to anon, authenticated, service_role;
"""
_SITE = AuthSettings(site_url="http://localhost", min_password_characters=6)
KINDS = {
    "confirmed": _SITE,
    "by-mail": replace(_SITE, confirms_at_once=False),
    "closed": replace(_SITE, confirms_at_once=False, takes_sign_ups=False, takes_email=False),
}
"""How an auth service treats new users: as the suites' four services do."""


def main() -> None:
    """Run until Ctrl-C or SIGTERM."""
    asked = parser().parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="contract ") as folder,
        running_cluster(Path(folder)) as cluster,
    ):
        asyncio.run(_serve(cluster, Path(folder), asked))


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.contract.gateway", description=__doc__)
    add = parser.add_argument
    add("--api-port", type=int, default=54321, help="all services, each below its own path")
    add("--rest-port", type=int, action="append", default=[], help="the data API at the root")
    for kind in KINDS:
        name = f"--auth-port-{kind}"
        add(name, type=int, action="append", default=[], help="the auth service at the root")
    add("--secret", default=SECRET, help="the HS256 secret that signs legacy keys")
    add("--sql", type=Path, action="append", default=[], help="to run first, without our schema")
    add("--open-schema", action="append", default=[], help="grant everybody everything in it")
    return parser


async def _serve(cluster: Cluster, folder: Path, asked: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = "platform" if asked.sql else "template"
    await _prepare(cluster, database, asked)
    async with running_gateway(cluster, database, folder, asked) as environment:
        for name, value in environment.items():
            print(f"{name}={value}")
        print("ready", flush=True)
        await stop.wait()


async def _prepare(cluster: Cluster, database: str, asked: argparse.Namespace) -> None:
    url = cluster.url(database, login=SUPERUSER)
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        for file in asked.sql:
            await connection.execute(file.read_text(encoding="utf-8").encode())
        for schema in asked.open_schema:
            await connection.execute(OPEN_TO_ALL.format(schema=schema).encode())


@asynccontextmanager
async def running_gateway(
    cluster: Cluster, database: str, folder: Path, asked: argparse.Namespace
) -> AsyncIterator[dict[str, str]]:
    """Serve on every port; gives what clients need, by the names that suites read."""
    keys = replace(
        cluster.keys,
        publishable_key=PUBLISHABLE_KEY,
        secret_key=SECRET_KEY,
        legacy_secret=asked.secret,
    )
    url = f"http://127.0.0.1:{asked.api_port}"
    settings = Settings(
        mode="embedded",
        supabase_url=url,
        database_url=cluster.url(database),
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        master_keys=parse_master_keys(keys.master_keys),
    )
    tokens = TokenKeys(keys, issuer=settings.issuer)
    gift = give_local_model if database == "template" else None
    feed_url = cluster.url(database, login="postgres")
    async with AsyncExitStack() as stack:
        objects = ObjectFolder(folder / "objects")
        await prepare_storage(settings.database_url, objects)
        for port, kind, root in _ports(asked):
            auth = replace(KINDS[kind], site_url=url)
            outbox = Outbox(folder / "mail").put
            services = Services.build(settings, max_connections=6)
            app = embedded_app(
                services,
                keys,
                objects,
                tokens,
                auth,
                outbox,
                feed_url=feed_url,
                on_user_created=gift,
            )
            wrapped = with_public_key(at_root_of(app, root))
            await stack.enter_async_context(served(wrapped, port=port))
        yield {
            "SUPABASE_URL": url,
            "SUPABASE_PUBLISHABLE_KEY": keys.publishable_key,
            "SUPABASE_SECRET_KEY": keys.secret_key,
            "SUPABASE_ANON_KEY": _legacy_key("anon", asked.secret),
            "SUPABASE_SERVICE_ROLE_KEY": _legacy_key("service_role", asked.secret),
            "SUPABASE_DB_URL": cluster.url(database, login=SUPERUSER),
            "MAIL_FOLDER": str(folder / "mail"),
        }


def _ports(asked: argparse.Namespace) -> list[tuple[int, str, str]]:
    """Return every port, how new users are treated there, and what lies at its root."""
    ports = [(asked.api_port, "confirmed", "")]
    ports += [(port, "confirmed", "/rest/v1") for port in asked.rest_port]
    for kind in KINDS:
        given = getattr(asked, f"auth_port_{kind.replace('-', '_')}")
        ports += [(port, kind, "/auth/v1") for port in given]
    return ports


def _legacy_key(role: str, secret: str) -> str:
    return make_legacy_key(
        role, secret, issued_at=LEGACY_ISSUED_AT, lifetime_seconds=LEGACY_LIFETIME_SECONDS
    )


if __name__ == "__main__":
    main()
