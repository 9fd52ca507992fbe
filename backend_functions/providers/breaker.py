"""Not asking a provider that is down: after some failures in a row it is left alone for a while.

Only failures to reach it and its own 5xx count; a refusal (4xx) shows that it is there. What
happens after an answer's first events counts for nothing.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend_functions.errors import ProviderError, ProviderUnreachable
from backend_functions.providers.base import (
    CatalogEntry,
    ChatEvent,
    ChatProvider,
    ChatRequest,
)

_FAILURES = 5
_WITHIN_SECONDS = 60.0
_REST_SECONDS = 15.0
_MAX_TARGETS = 2_000


@dataclass(slots=True)
class _Trouble:
    failures: list[float] = field(default_factory=list)
    open_until: float | None = None
    is_probing: bool = False


class CircuitBreaker:
    """Remembers which targets are in trouble; one that works takes no memory."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, max_targets: int = _MAX_TARGETS
    ) -> None:
        self._clock = clock
        self._max_targets = max_targets
        self._troubles: OrderedDict[Hashable, _Trouble] = OrderedDict()

    @contextmanager
    def attempt(self, target: Hashable, who: str = "The model provider") -> Iterator[None]:
        """Let the block try a target, and learn from how it ends.

        A block that is cancelled says nothing about the target.

        Raises:
            ProviderUnreachable: The target is being left alone, or another one tries it already.
        """
        is_probe = self._begin(target, who)
        try:
            yield
        except ProviderError as error:
            if is_outage(error):
                self._failed(target)
            else:
                self._troubles.pop(target, None)
            raise
        except BaseException:
            if is_probe and (trouble := self._troubles.get(target)):
                trouble.is_probing = False
            raise
        self._troubles.pop(target, None)

    def _begin(self, target: Hashable, who: str) -> bool:
        trouble = self._troubles.get(target)
        if trouble is None or trouble.open_until is None:
            return False
        rest = trouble.open_until - self._clock()
        if rest > 0 or trouble.is_probing:
            raise ProviderUnreachable(
                f"{who} could not be reached several times in a row.",
                detail="left alone for a while",
                retry_after_seconds=max(rest, 1.0),
            )
        trouble.is_probing = True
        return True

    def _failed(self, target: Hashable) -> None:
        now = self._clock()
        trouble = self._troubles.setdefault(target, _Trouble())
        self._troubles.move_to_end(target)
        if len(self._troubles) > self._max_targets:
            self._troubles.popitem(last=False)
        recent = [at for at in trouble.failures if now - at <= _WITHIN_SECONDS]
        trouble.failures = [*recent, now][-_FAILURES:]
        if trouble.is_probing or len(trouble.failures) == _FAILURES:
            trouble.open_until, trouble.is_probing = now + _REST_SECONDS, False


def is_outage(error: ProviderError) -> bool:
    """Tell whether a failure is one of reaching the provider, or of the provider as a whole."""
    if error.upstream_status is not None:
        return error.upstream_status >= 500
    return error.failed_before_answer or isinstance(error, ProviderUnreachable)


class GuardedProvider:
    """A provider behind a breaker."""

    def __init__(self, provider: ChatProvider, breaker: CircuitBreaker, target: Hashable) -> None:
        self._provider = provider
        self._breaker = breaker
        self._target = target

    def stream(self, request: ChatRequest) -> AsyncIterator[list[ChatEvent]]:
        """Stream an answer; see `ChatProvider`."""
        return _GuardedStream(self._provider.stream(request), self._breaker, self._target)

    async def list_models(self) -> tuple[CatalogEntry, ...]:
        """List the models of the key; see `ChatProvider`."""
        with self._breaker.attempt(self._target):
            return await self._provider.list_models()


class _GuardedStream(AsyncIterator[list[ChatEvent]]):
    """Guards the first step and then only hands on the next ones, which must cost nothing."""

    def __init__(
        self,
        stream: AsyncIterator[list[ChatEvent]],
        breaker: CircuitBreaker,
        target: Hashable,
    ) -> None:
        self._stream = stream
        self._breaker = breaker
        self._target = target
        self._step: Callable[[], Awaitable[list[ChatEvent]]] = self._first

    def __anext__(self) -> Awaitable[list[ChatEvent]]:
        return self._step()

    async def _first(self) -> list[ChatEvent]:
        self._step = self._stream.__anext__
        with self._breaker.attempt(self._target):
            return await anext(self._stream)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()  # type: ignore[attr-defined]  # every adapter is a generator
