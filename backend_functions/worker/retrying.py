"""Whether a job that failed is tried again, and when. Pure: chance is passed in."""

from dataclasses import dataclass

from backend_functions.errors import (
    ProviderIncomplete,
    ProviderUnreachable,
    ServiceError,
    Unavailable,
)
from backend_functions.providers.failures import is_retryable

_MAX_BACKOFF_SECONDS = 300.0
_TOO_SLOW = "It took too long."
_UNEXPECTED = ServiceError.default_message


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The job waits; `reason` is one sentence for its owner."""

    reason: str
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The job has failed; `reason` is one sentence for its owner."""

    reason: str


def after_failure(
    error: Exception,
    *,
    attempt: int,
    max_attempts: int,
    remaining_seconds: float,
    first_delay_seconds: float,
    jitter: float,
) -> TryAgain | GiveUp:
    """Return what becomes of a job.

    Args:
        attempt: The one that failed; counts from 1.
        remaining_seconds: Until the job's deadline.
        first_delay_seconds: After the first attempt; doubled for each one after that.
        jitter: 0 to 1.
    """
    reason = _reason(error)
    if not _may_pass(error):
        return GiveUp(reason)
    if attempt >= max_attempts:
        return GiveUp(f"{reason} (Tried {attempt} times.)")
    backoff = min(first_delay_seconds * 2 ** (attempt - 1), _MAX_BACKOFF_SECONDS)
    asked = error.retry_after_seconds if isinstance(error, ServiceError) else None
    delay = max(backoff, asked or 0.0) * (1 + 0.2 * jitter)
    if delay >= remaining_seconds:
        return GiveUp(f"{reason} (There is no time left to try again.)")
    return TryAgain(reason, delay)


def _reason(error: Exception) -> str:
    if isinstance(error, ServiceError):
        return error.message
    return _TOO_SLOW if isinstance(error, TimeoutError) else _UNEXPECTED


def _may_pass(error: Exception) -> bool:
    """Say whether trying again may help. What broke off may have been paid for: a picture that is
    asked for again is worth more than none."""
    if isinstance(error, Unavailable | ProviderUnreachable | ProviderIncomplete):
        return True
    return is_retryable(error) or not isinstance(error, ServiceError)
