"""The functions as one ASGI app: settings in, routes out, and what they share for a lifetime."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import psycopg
from fastapi import APIRouter, FastAPI, Request

from backend_functions import __version__
from backend_functions.access import TokenVerifier, identify_user, verifier_for
from backend_functions.avatars import avatar_routes
from backend_functions.chat_request.answer import Answer
from backend_functions.chat_request.ask import Asker
from backend_functions.chat_request.replica import Replica
from backend_functions.chat_request.routes import chat_request_routes
from backend_functions.chat_request.running import RunningAnswers
from backend_functions.db.pool import Database
from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.errors import ServiceError
from backend_functions.health import health_routes
from backend_functions.http import (
    Json,
    answer_database_trouble,
    answer_service_error,
    answer_unrouted,
)
from backend_functions.image_generation.routes import image_generation_routes
from backend_functions.jobs.job import JobTools
from backend_functions.logs import configure_logs
from backend_functions.metrics import Metrics
from backend_functions.model_configs.routes import model_config_routes
from backend_functions.open_streams import OpenStreams, fit_open_files
from backend_functions.providers.prices import load_prices
from backend_functions.request_limits import RequestLimits
from backend_functions.request_observer import RequestObserver
from backend_functions.sealing import KeySealer
from backend_functions.settings import Settings, read_settings
from backend_functions.setup_checks import require_safe_setup
from backend_functions.stopping import before_stop
from backend_functions.types import Caller

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_WHILE_POSTGRES_RESTARTS_SECONDS = 20.0
"""Longer than the embedded backend needs, on a busy machine, to start its PostgreSQL again."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes of one process share; opened and closed by the app's lifespan."""

    settings: Settings
    database: Database
    http: httpx.AsyncClient
    streams: OpenStreams
    running: RunningAnswers
    replica: Replica
    metrics: Metrics
    sealer: KeySealer
    tools: JobTools
    """What a worker in the same process works with."""

    @classmethod
    def build(cls, settings: Settings, *, max_connections: int = 10) -> "Services":
        """Make everything; nothing connects yet."""
        policy = EgressPolicy.for_mode(settings.mode)
        wait_seconds = _WHILE_POSTGRES_RESTARTS_SECONDS if settings.mode == "embedded" else 5.0
        database = Database(
            settings.database_url, max_size=max_connections, wait_seconds=wait_seconds
        )
        metrics = Metrics()

        def note_end(answer: Answer) -> None:
            metrics.note_answer(answer.row["metadata"] if answer.row else {"status": "not saved"})

        limits = settings.limits
        # Each running answer may have a reader, however the two bounds are set.
        per_user = max(limits.max_user_streams, 2 * limits.max_running_answers)
        streams = OpenStreams(max_all=limits.max_open_streams, max_per_user=per_user)
        running = RunningAnswers(streams, max_per_user=limits.max_running_answers, on_end=note_end)
        metrics.watch(running=running.__len__, streams=streams.__len__, pool=database.stats)
        http = open_client(policy, limits, own_project=settings.private_address)
        sealer = KeySealer(settings.master_keys)
        return cls(
            settings=settings,
            database=database,
            http=http,
            streams=streams,
            running=running,
            replica=Replica(database, running),
            metrics=metrics,
            sealer=sealer,
            tools=JobTools.build(settings, database, http, sealer, policy),
        )

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Open on start; on stop let no answer be lost."""
        await self.database.open()
        self.replica.start()
        # Half a second of imports and data, so that no answer's end waits for them.
        loading = asyncio.create_task(asyncio.to_thread(load_prices))
        try:
            yield
        finally:
            await loading
            await self.running.stop_all()
            await self.replica.stop()
            await self.tools.reencoder.aclose()
            await self.http.aclose()
            await self.database.close()


def function_routes(services: Services, verifier: TokenVerifier) -> list[APIRouter]:
    """Return the routes under `/functions/v1`."""
    settings = services.settings
    request_limits = RequestLimits(settings.limits.requests_per_minute)

    async def identify(request: Request) -> Caller:
        caller = await identify_user(request.headers, verifier)
        assert caller.user_id is not None, "a verified token names its user"
        request_limits.take(caller.user_id)
        return caller

    tools = services.tools
    providers = tools.providers
    asker = Asker(
        services.database,
        providers,
        services.running,
        settings.limits,
        services.replica,
        tools.objects,
        settings.titles,
    )
    return [
        chat_request_routes(asker, services.streams, identify),
        model_config_routes(services.database, providers, identify),
        image_generation_routes(services.database, identify),
        avatar_routes(tools.objects, tools.token, tools.reencoder, identify),
    ]


def make_app(
    services: Services, routers: list[APIRouter], *, lifespan: Lifespan | None = None
) -> FastAPI:
    """Return an app with these routes, our error shapes, and what operators look at."""
    app = FastAPI(
        title="PocketLLM functions",
        version=__version__,
        lifespan=lifespan or services.lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/functions/v1/openapi.json",
        default_response_class=Json,
    )
    app.add_exception_handler(ServiceError, answer_service_error)
    app.add_exception_handler(404, answer_unrouted)
    app.add_exception_handler(405, answer_unrouted)
    app.add_exception_handler(psycopg.OperationalError, answer_database_trouble)
    app.add_middleware(RequestObserver, metrics=services.metrics)
    health = health_routes(services.settings, services.database, services.metrics)
    for router in (health, *routers):
        app.include_router(router)
    return app


def hosted_app() -> FastAPI:
    """Return the bare app of a hosted replica; `python -m backend_functions` bounds HTTP too."""
    return replica_app(read_settings(), checks_setup=True)


def replica_app(settings: Settings, *, checks_setup: bool = False) -> FastAPI:
    """Return the app of one of several servers; it ends its answers when its process is stopped.

    Args:
        checks_setup: Whether its start fails where the setup is unsafe.
    """
    configure_logs(debug=settings.debug)
    settings = replace(settings, limits=fit_open_files(settings.limits))
    services = Services.build(settings)
    verifier = verifier_for(settings, services.http)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if checks_setup:
            await require_safe_setup(settings)
        with before_stop(services.running.stop_all):
            async with services.lifespan(app):
                yield

    return make_app(services, function_routes(services, verifier), lifespan=lifespan)
