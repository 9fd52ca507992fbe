"""What is counted, for Prometheus: requests, answers, tokens, times, the database's pool."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

_FIRST_TOKEN_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)
_TOTAL_BUCKETS = (0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 900)
_METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))
_POOL_GAUGES = {
    "pool_size": "Connections there are.",
    "pool_available": "Connections nobody uses.",
    "pool_max": "Connections there may be.",
    "requests_waiting": "Requests that wait for a connection.",
}


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "pocketllm_requests",
            "Requests, by the time their answer begins.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._answers = self._counter("pocketllm_answers", "Answers ended.", "status")
        self._tokens = self._counter("pocketllm_tokens", "Tokens, as providers tell.", "direction")
        self._retries = self._counter("pocketllm_retries", "Times a provider was asked again.")
        self._first_token = self._histogram(
            "pocketllm_first_token_seconds",
            "From the prompt to the first text.",
            *_FIRST_TOKEN_BUCKETS,
        )
        self._total = self._histogram(
            "pocketllm_answer_seconds", "From the prompt to the end.", *_TOTAL_BUCKETS
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, ("provider", *labels), registry=self._registry)

    def _histogram(self, name: str, text: str, *buckets: float) -> Histogram:
        return Histogram(name, text, ("provider",), buckets=buckets, registry=self._registry)

    def watch(
        self,
        *,
        running: Callable[[], int],
        streams: Callable[[], int],
        pool: Callable[[], Mapping[str, int]],
    ) -> None:
        """Ask these for the present state whenever somebody looks."""
        for name, text, count in (
            ("pocketllm_running_answers", "Answers being written.", running),
            ("pocketllm_open_streams", "Answers being written, and readers of them.", streams),
        ):
            Gauge(name, text, registry=self._registry).set_function(count)
        self._registry.register(_Pool(pool))

    def include(self, collector: Collector) -> None:
        """Show what somebody else counts, too."""
        self._registry.register(collector)

    def note_request(self, route: str, method: str, status: int) -> None:
        """Count a request; `route` is a template, of which there are few."""
        self._requests.labels(route, method if method in _METHODS else "other", status).inc()

    def note_answer(self, metadata: Mapping[str, Any]) -> None:
        """Count an answer that has ended, by what is stored of it."""
        provider = str(metadata.get("provider", "unknown"))
        self._answers.labels(provider, str(metadata.get("status", "unknown"))).inc()
        self._retries.labels(provider).inc(metadata.get("retries", 0))
        for direction in ("input", "output"):
            count = metadata.get(f"{direction}_tokens", 0)
            self._tokens.labels(provider, direction).inc(max(count, 0))
        for name, histogram in (("first_token_ms", self._first_token), ("total_ms", self._total)):
            if name in metadata:
                histogram.labels(provider).observe(metadata[name] / 1000)

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _Pool(Collector):
    def __init__(self, stats: Callable[[], Mapping[str, int]]) -> None:
        self._stats = stats

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        stats = self._stats()
        for name, text in _POOL_GAUGES.items():
            metric = f"pocketllm_database_{name}"
            yield GaugeMetricFamily(metric, text, value=stats.get(name, 0))
