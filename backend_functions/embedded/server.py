"""The all-in-one server: all services of a project on one loopback port."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import structlog
import uvicorn

from backend_functions.app import Services
from backend_functions.bounded_http import bounded_http
from backend_functions.chat_request.interrupted import mark_interrupted
from backend_functions.embedded.all_in_one import embedded_app
from backend_functions.embedded.machine_keys import MachineKeys
from backend_functions.embedded.outbox import Outbox
from backend_functions.embedded.platform import database_url, prepare_database
from backend_functions.embedded.postgres import Postgres, PostgresFailed
from backend_functions.embedded.rereading import read_keys_again_on_hangup
from backend_functions.embedded.status import Status, tell
from backend_functions.embedded.swapping import remove_aside
from backend_functions.embedded.token_keys import TokenKeys
from backend_functions.embedded.worker import BesideServer
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.sweep import prepare_storage
from backend_functions.open_streams import fit_open_files, max_connections
from backend_functions.settings import (
    LocalModel,
    Settings,
    parse_master_keys,
    read_auth_settings,
    read_image_key,
    read_limits,
    read_search_key,
    read_titles,
)

log = structlog.get_logger(__name__)

_RESTART_ATTEMPTS = 5


class _Server(uvicorn.Server):
    """Uvicorn, but running answers are stored before connections are waited for.

    The worker is stopped first of all: it stores what it makes through this very server.
    """

    def __init__(self, config: uvicorn.Config, services: Services, worker: BesideServer) -> None:
        super().__init__(config)
        self._services = services
        self._worker = worker

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop when told to. Uvicorn's own way raises the signal again after the shutdown, which
        would end this process before PostgreSQL is stopped."""
        signals = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._worker.stop()
        await self._services.running.stop_all()
        await super().shutdown(sockets)


async def serve(
    folder: Path,
    keys: MachineKeys,
    ports: dict[str, int],
    postgres: Postgres,
    model: LocalModel | None,
) -> None:
    """Bring the database up to date, serve until SIGTERM or SIGINT, and say so in the status."""
    await prepare_database(keys, ports["postgres"])
    settings = _settings(keys, ports, model)
    await mark_interrupted(settings.database_url)
    objects, outbox = ObjectFolder(folder / "objects"), Outbox(folder / "mail")
    await prepare_storage(settings.database_url, objects)
    services = Services.build(settings)
    worker = BesideServer(services)
    tokens = TokenKeys(keys, issuer=settings.issuer)
    server = _Server(
        uvicorn.Config(
            embedded_app(
                services,
                keys,
                objects,
                tokens,
                read_auth_settings(settings.supabase_url),
                outbox.put,
                feed_url=database_url("postgres", keys.owner_password, ports["postgres"]),
                forget_mails=outbox.forget,
            ),
            http=bounded_http(max_connections(settings.limits)),
            loop="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            ws_max_size=1024 * 1024,
            ws_per_message_deflate=False,  # on loopback it costs more than it saves
            timeout_graceful_shutdown=5,
        ),
        services,
        worker,
    )
    listener = socket.create_server(("127.0.0.1", ports["http"]), backlog=512)
    supervisor = asyncio.create_task(_keep_running(postgres, ports["postgres"]))
    status = replace(_ready(keys, ports, settings), signing_key=tokens.signer.kid)
    read_keys_again_on_hangup(folder, services.sealer, tokens, status)
    announcer = asyncio.create_task(_announce(folder, server, status, worker, postgres.cluster))
    try:
        await server.serve(sockets=[listener])
    finally:
        tell(folder, Status("stopping", "Stopping the embedded backend."))
        for task in (supervisor, announcer):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _announce(
    folder: Path, server: uvicorn.Server, status: Status, worker: BesideServer, cluster: Path
) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.005)
    tell(folder, status)
    worker.start()
    try:  # what a restore has put aside and, if it was killed, nobody else removes
        await asyncio.to_thread(remove_aside, folder, cluster)
    except OSError as error:
        log.warning("the data of before a restore could not be removed", error=str(error))


async def _keep_running(postgres: Postgres, port: int) -> None:
    """Start PostgreSQL again whenever it ends by itself; give up, and stop, if it will not."""
    attempts = 0
    while attempts < _RESTART_ATTEMPTS:
        await asyncio.sleep(0.1)
        if postgres.is_running:
            continue
        attempts += 1
        log.error("postgres ended, starting it again", attempt=attempts)
        try:
            await asyncio.to_thread(postgres.start, port)
        except PostgresFailed as error:
            log.error("postgres does not start", error=str(error))
            await asyncio.sleep(attempts)
    signal.raise_signal(signal.SIGTERM)


def _settings(keys: MachineKeys, ports: dict[str, int], model: LocalModel | None) -> Settings:
    return Settings(
        mode="embedded",
        supabase_url=f"http://127.0.0.1:{ports['http']}",
        database_url=database_url("authenticator", keys.login_password, ports["postgres"]),
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        master_keys=parse_master_keys(keys.master_keys),
        local_model=model,
        search_key=read_search_key(),
        image_key=read_image_key(),
        titles=read_titles(),
        limits=fit_open_files(read_limits()),
    )


def _ready(keys: MachineKeys, ports: dict[str, int], settings: Settings) -> Status:
    return Status(
        "ready",
        "Running.",
        url=settings.supabase_url,
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        database_url=database_url("postgres", keys.owner_password, ports["postgres"]),
        model=settings.local_model.name if settings.local_model else None,
        sealing_key=settings.master_keys[0].id,
    )
