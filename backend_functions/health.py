"""Where those who run the server look: is it alive, can it work, what has it done."""

import asyncio
import hmac
import time

import psycopg
import structlog
from fastapi import APIRouter, Request, Response

from backend_functions import __version__
from backend_functions.db.migrate import read_migrations, sql_folder
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import NotAuthenticated, NotFound, ServiceError, Unavailable
from backend_functions.http import Json
from backend_functions.job_metrics import JobMetrics
from backend_functions.metrics import Metrics
from backend_functions.settings import Settings

log = structlog.get_logger(__name__)

_SQL = queries("operations")
_REMEMBERED_SECONDS = 1.0
_PATIENCE_SECONDS = 3.0
_LOOPBACK = frozenset(("127.0.0.1", "::1"))
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")


class Readiness:
    """Whether this server can work; found out at most once a second, however often it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._needed = {
            migration.version
            for migration in read_migrations(sql_folder() / "supabase" / "migrations")
        }
        self._lock = asyncio.Lock()
        self._looked_at = float("-inf")
        self._problem: str | None = None

    async def problem(self) -> str | None:
        """Return what is missing, in a sentence; None when nothing is."""
        async with self._lock:
            if time.monotonic() - self._looked_at > _REMEMBERED_SECONDS:
                self._problem = await self._look()
                self._looked_at = time.monotonic()
        return self._problem

    async def _look(self) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                applied = await self._applied()
        except psycopg.errors.UndefinedFunction:
            applied = set()
        except (psycopg.Error, ServiceError, TimeoutError) as error:
            log.warning("not ready", error=error)
            return "The database cannot be reached."
        missing = sorted(self._needed - applied)
        if missing:
            return f"Migrations are missing in the database, {len(missing)} from {missing[0]} on."
        return None

    async def _applied(self) -> set[str]:
        async with self._database.as_service() as connection:
            cursor = await connection.execute(_SQL.applied_migrations)
            return {row["version"] for row in await cursor.fetchall()}


def health_routes(settings: Settings, database: Database, metrics: Metrics) -> APIRouter:
    """Return `/health`, `/healthz`, `/readyz` and `/metrics`.

    The first and the third are below the functions too: clients know no other address.
    """
    router = APIRouter(include_in_schema=False)
    readiness = Readiness(database)
    jobs = JobMetrics(database)
    metrics.include(jobs)

    @router.get("/health")
    @router.get("/functions/v1/health")
    async def health() -> Json:
        return Json({"status": "ok", "version": __version__})

    @router.get("/healthz")
    async def alive() -> Json:
        """Say that this process answers; asks nobody else."""
        return Json({"status": "ok"})

    @router.get("/readyz")
    @router.get("/functions/v1/readyz")
    async def ready() -> Json:
        if problem := await readiness.problem():
            raise Unavailable(problem)
        return Json({"status": "ready"})

    @router.get("/metrics")
    async def tell_metrics(request: Request) -> Response:
        check_may_look(request, settings)
        await jobs.read()
        return Response(metrics.render(), media_type="text/plain; version=1.0.0; charset=utf-8")

    return router


def check_may_look(request: Request, settings: Settings) -> None:
    """Let in who has the token; where none is set, this machine's own programs if embedded.

    A hosted server is not opened to its own machine: a reverse proxy there would open it to all.

    Raises:
        NotAuthenticated: A token is set, and it is not this one.
        NotFound: None is set, and the request comes from elsewhere.
    """
    if settings.metrics_token is not None:
        given = request.headers.get("authorization", "")
        wanted = f"Bearer {settings.metrics_token}"
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise NotAuthenticated(detail="metrics")
        return
    is_near = request.client is not None and request.client.host in _LOOPBACK
    is_forwarded = any(name in request.headers for name in _FORWARDED)
    if settings.mode != "embedded" or not is_near or is_forwarded:
        raise NotFound(detail="metrics")
