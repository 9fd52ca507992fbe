"""Now and then removes what can be of no use any more: old tokens, codes, sessions, flows."""

import time
from collections.abc import Callable

import psycopg
import structlog

from backend_functions.db.queries import queries
from backend_functions.errors import ServiceError
from backend_functions.gateway.auth.parts import Parts

PRUNE_SECONDS = 600.0

_SQL = queries("auth")
log = structlog.get_logger(__name__)


class Pruning:
    """Says when it is time again; every answer may ask, one of many is told yes."""

    def __init__(
        self, *, every_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every_seconds = every_seconds
        self._clock = clock
        self._due_at = clock() + every_seconds

    def is_due(self) -> bool:
        """Say whether it is time; asking starts the wait anew."""
        now = self._clock()
        if now < self._due_at:
            return False
        self._due_at = now + self._every_seconds
        return True


async def prune(parts: Parts) -> None:
    """Remove a bounded number of rows of each kind; what fails is tried again next time."""
    statements = (
        _SQL.prune_one_time_tokens,
        _SQL.prune_flows,
        _SQL.prune_refresh_tokens,
        _SQL.prune_sessions,
    )
    try:
        for statement in statements:
            async with parts.transaction() as connection:
                await connection.execute(statement)
    except (psycopg.Error, ServiceError) as error:
        log.warning("old sign-ins were not pruned", error=type(error).__name__)
