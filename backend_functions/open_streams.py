"""How many streams one process has open: answers in the making, and readers of them.

Each holds a file descriptor (a provider's connection, a client's) and memory, whoever it belongs
to. So there is a bound for all of them, and one for each user that keeps the others' share free.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import structlog

from backend_functions.errors import TooManyRequests
from backend_functions.settings import Limits

log = structlog.get_logger(__name__)

_OTHER_FILES = 256
"""Database connections, logs, libraries."""
_CONNECTIONS_PER_STREAM = 2
"""As many as read answers may be idle or ask for a page."""
_FILES_PER_STREAM = _CONNECTIONS_PER_STREAM + 1
"""And the connection to the provider, of an answer that is written."""


class OpenStreams:
    """The streams of this process; each is taken before anything is saved or sent for it."""

    def __init__(self, *, max_all: int, max_per_user: int) -> None:
        self._max_all = max_all
        self._max_per_user = max_per_user
        self._count = 0
        self._per_user: Counter[UUID] = Counter()

    def __len__(self) -> int:
        """How many are open."""
        return self._count

    def take(self, user_id: UUID) -> None:
        """Count one more stream of a user, until `give_back`.

        Raises:
            TooManyRequests: This user, or all together, have as many open as there may be.
        """
        if self._per_user[user_id] >= self._max_per_user:
            self._forget_if_none(user_id)
            raise TooManyRequests(
                "You have too many answers open. Stop one, or wait for one to end."
            )
        if self._count >= self._max_all:
            self._forget_if_none(user_id)
            raise TooManyRequests(
                "The server has as many answers open as it can hold. Try again in a moment."
            )
        self._count += 1
        self._per_user[user_id] += 1

    def give_back(self, user_id: UUID) -> None:
        """Count one stream less of a user who has taken it."""
        self._count -= 1
        self._per_user[user_id] -= 1
        self._forget_if_none(user_id)

    @contextmanager
    def hold(self, user_id: UUID) -> Iterator[None]:
        """Take a stream for the length of a block; see `take`."""
        self.take(user_id)
        try:
            yield
        finally:
            self.give_back(user_id)

    def _forget_if_none(self, user_id: UUID) -> None:
        if not self._per_user[user_id]:
            del self._per_user[user_id]


def max_connections(limits: Limits) -> int:
    """Return how many clients may be connected to a process."""
    return _CONNECTIONS_PER_STREAM * limits.max_open_streams


def fit_open_files(limits: Limits) -> Limits:
    """Let this process have the files its streams need, and fewer streams where it may not.

    The soft limit (1,024 on many systems, 256 on macOS) is raised as far as the hard one lets it.
    """
    try:
        import resource  # not on Windows, which has no such limit
    except ImportError:
        return limits
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _FILES_PER_STREAM * limits.max_open_streams + _OTHER_FILES
    has_enough = soft == resource.RLIM_INFINITY or soft >= needed
    if not has_enough:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if has_enough or soft >= needed:
        return limits
    possible = max((soft - _OTHER_FILES) // _FILES_PER_STREAM, 1)
    log.warning("fewer streams than set", may_open_files=soft, max_open_streams=possible)
    return replace(limits, max_open_streams=possible)
