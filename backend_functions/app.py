"""The functions as one ASGI app: settings in, routes out, and what they share for a lifetime."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import psycopg
from fastapi import APIRouter, FastAPI, Request

from backend_functions import __version__
from backend_functions.access import TokenVerifier, identify_user, verifier_for
from backend_functions.chat_request.ask import Asker
from backend_functions.chat_request.replica import Replica
from backend_functions.chat_request.routes import chat_request_routes
from backend_functions.chat_request.running import RunningAnswers
from backend_functions.configured_provider import ConfiguredProviders
from backend_functions.db.pool import Database
from backend_functions.egress import EgressPolicy, open_client
from backend_functions.errors import ServiceError
from backend_functions.http import (
    Json,
    answer_database_trouble,
    answer_service_error,
    answer_unexpected,
)
from backend_functions.model_configs.routes import model_config_routes
from backend_functions.sealing import KeySealer
from backend_functions.settings import Settings, read_settings
from backend_functions.types import Caller


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes of one process share; opened and closed by the app's lifespan."""

    settings: Settings
    database: Database
    http: httpx.AsyncClient
    running: RunningAnswers
    replica: Replica

    @classmethod
    def build(cls, settings: Settings, *, max_connections: int = 10) -> "Services":
        """Make everything; nothing connects yet."""
        policy = EgressPolicy.for_mode(settings.mode)
        database = Database(settings.database_url, max_size=max_connections)
        running = RunningAnswers(max_per_user=settings.limits.max_running_answers)
        return cls(
            settings=settings,
            database=database,
            http=open_client(policy, settings.limits),
            running=running,
            replica=Replica(database, running),
        )

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Open on start; on stop let no answer be lost."""
        await self.database.open()
        self.replica.start()
        try:
            yield
        finally:
            await self.running.stop_all()
            await self.replica.stop()
            await self.http.aclose()
            await self.database.close()


def function_routes(services: Services, verifier: TokenVerifier) -> list[APIRouter]:
    """Return the routes under `/functions/v1`."""

    async def identify(request: Request) -> Caller:
        return await identify_user(request.headers, verifier)

    settings = services.settings
    providers = ConfiguredProviders(
        http=services.http,
        database=services.database,
        sealer=KeySealer(settings.master_keys),
        policy=EgressPolicy.for_mode(settings.mode),
        local_model=settings.local_model,
    )
    asker = Asker(services.database, providers, services.running, settings.limits, services.replica)
    return [
        chat_request_routes(asker, identify),
        model_config_routes(services.database, providers, identify),
    ]


def make_app(services: Services, routers: list[APIRouter]) -> FastAPI:
    """Return an app with these routes, our error shapes, and `/health`."""
    app = FastAPI(
        title="PocketLLM functions",
        version=__version__,
        lifespan=services.lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/functions/v1/openapi.json",
        default_response_class=Json,
    )
    app.add_exception_handler(ServiceError, answer_service_error)
    app.add_exception_handler(psycopg.OperationalError, answer_database_trouble)
    app.add_exception_handler(Exception, answer_unexpected)

    @app.get("/health", include_in_schema=False)
    async def health() -> Json:
        return Json({"status": "ok", "version": __version__})

    for router in routers:
        app.include_router(router)
    return app


def hosted_app() -> FastAPI:
    """Return the app of a hosted replica: `uvicorn --factory backend_functions.app:hosted_app`."""
    services = Services.build(read_settings())
    verifier = verifier_for(services.settings, services.http)
    return make_app(services, function_routes(services, verifier))
