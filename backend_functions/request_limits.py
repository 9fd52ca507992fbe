"""How often one user may call: a bucket of tokens each, which fills again as time passes."""

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from backend_functions.errors import TooManyRequests

_MAX_USERS = 20_000


class RequestLimits:
    """The buckets of this process, of the users who called last."""

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_users: int = _MAX_USERS,
    ) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._max_users = max_users
        self._buckets: OrderedDict[UUID, tuple[float, float]] = OrderedDict()
        """Tokens left, and when that was so; who called last stands last."""

    def take(self, user_id: UUID) -> None:
        """Count a request of a user.

        Raises:
            TooManyRequests: The bucket is empty; it says when there is a token again.
        """
        now = self._clock()
        tokens, before = self._buckets.pop(user_id, (self._capacity, now))
        tokens = min(tokens + (now - before) * self._per_second, self._capacity)
        allowed = tokens >= 1
        self._buckets[user_id] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > self._max_users:
            self._buckets.popitem(last=False)
        if not allowed:
            raise TooManyRequests(retry_after_seconds=(1 - tokens) / self._per_second)
