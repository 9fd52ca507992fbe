"""Counts attempts in memory, so that guessing is slow and nobody is locked out for long."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from backend_functions.gateway.auth.failures import AuthRefused


def too_many_requests(wait_seconds: int) -> AuthRefused:
    """Make the refusal of whoever tries too often."""
    return _refuse("over_request_rate_limit", "Request rate limit reached", wait_seconds)


def too_many_mails(wait_seconds: int) -> AuthRefused:
    """Make the refusal of whoever asks for too many mails in all."""
    return _refuse("over_email_send_rate_limit", "email rate limit exceeded", wait_seconds)


def mailed_just_now(wait_seconds: int) -> AuthRefused:
    """Make the refusal of a mail that would follow the last one of its kind too soon."""
    message = f"For security purposes, you can only request this after {wait_seconds} seconds."
    return _refuse("over_email_send_rate_limit", message, wait_seconds)


def _refuse(code: str, message: str, wait_seconds: int) -> AuthRefused:
    return AuthRefused(429, code, message, headers={"Retry-After": str(wait_seconds)})


class Attempts:
    """At most so many attempts within a window, for each name; the least used are forgotten."""

    def __init__(
        self,
        *,
        at_most: int,
        window_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        max_names: int = 10_000,
        refusal: Callable[[int], AuthRefused] = too_many_requests,
    ) -> None:
        self._at_most = at_most
        self._window_seconds = window_seconds
        self._clock = clock
        self._max_names = max_names
        self._refusal = refusal
        self._made_at: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, name: str) -> None:
        """Count an attempt before it is made.

        Raises:
            AuthRefused: There were too many; says when the next one may be made.
        """
        now = self._clock()
        made_at = self._made_at.setdefault(name, deque(maxlen=self._at_most))
        self._made_at.move_to_end(name)
        while len(self._made_at) > self._max_names:
            self._made_at.popitem(last=False)
        while made_at and made_at[0] <= now - self._window_seconds:
            made_at.popleft()
        if len(made_at) >= self._at_most:
            # A refused attempt does not count: whoever waits gets in.
            wait_seconds = math.ceil(made_at[0] + self._window_seconds - now)
            raise self._refusal(max(wait_seconds, 1))
        made_at.append(now)

    def forgive(self, name: str) -> None:
        """Forget a name's attempts: the last one was right."""
        self._made_at.pop(name, None)

    def give_back(self, name: str) -> None:
        """Forget a name's last attempt only: whoever made it may still be guessing elsewhere."""
        if made_at := self._made_at.get(name):
            made_at.pop()
