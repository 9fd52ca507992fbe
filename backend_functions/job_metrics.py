"""How the job queue is doing, for Prometheus: the same on every server, read from the database."""

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.errors import ServiceError

log = structlog.get_logger(__name__)

_SQL = queries("jobs")
_STATES = ("waiting", "put_off", "running")

Row = dict[str, Any]


class JobMetrics(Collector):
    """What was read last; nothing while the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state: Row | None = None
        self._outcomes: list[Row] = []

    async def read(self) -> None:
        """Look anew; costs the same however many jobs are over."""
        self._state = None
        try:
            async with self._database.as_service() as connection:
                outcomes = await connection.execute(_SQL.outcomes)
                self._outcomes = await outcomes.fetchall()
                state = await connection.execute(_SQL.queue_state)
                self._state = await state.fetchone()
        except (psycopg.Error, ServiceError) as error:
            log.warning("the job queue cannot be read", error=error)

    def describe(self) -> Iterable[Metric]:
        """Name nothing ahead: what there is, is known once it was read."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        if self._state is None:
            return
        depth = GaugeMetricFamily(
            "pocketllm_jobs_unfinished", "Jobs that are not over.", labels=("state",)
        )
        for state in _STATES:
            depth.add_metric((state,), self._state[state])
        yield depth
        yield GaugeMetricFamily(
            "pocketllm_jobs_oldest_waiting_seconds",
            "How long the job has waited that waits longest.",
            value=self._state["oldest_seconds"],
        )
        yield GaugeMetricFamily(
            "pocketllm_workers",
            "Workers heard of within the last minute.",
            value=self._state["workers"],
        )
        yield from self._ended()

    def _ended(self) -> Iterator[Metric]:
        labels = ("job_type", "outcome")
        ended = CounterMetricFamily("pocketllm_jobs", "Jobs that ended.", labels=labels)
        took = CounterMetricFamily(
            "pocketllm_jobs_seconds", "Seconds from being asked for to their end.", labels=labels
        )
        for row in self._outcomes:
            ended.add_metric((row["job_type"], row["outcome"]), row["jobs"])
            took.add_metric((row["job_type"], row["outcome"]), row["total_seconds"])
        yield ended
        yield took
