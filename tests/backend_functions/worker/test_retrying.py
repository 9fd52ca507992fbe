"""What becomes of a job that failed."""

import pytest

from backend_functions.errors import (
    InvalidRequest,
    NotConfigured,
    ProviderBusy,
    ProviderIncomplete,
    ProviderRefused,
    ProviderUnreachable,
    Unavailable,
)
from backend_functions.worker.retrying import GiveUp, TryAgain, after_failure


def after(error: Exception, attempt: int = 1, remaining_seconds: float = 9e9) -> TryAgain | GiveUp:
    return after_failure(
        error,
        attempt=attempt,
        max_attempts=5,
        remaining_seconds=remaining_seconds,
        first_delay_seconds=5.0,
        jitter=0.0,
    )


@pytest.mark.parametrize(
    "error",
    [
        ProviderBusy(upstream_status=429),
        ProviderUnreachable(),
        ProviderIncomplete(),
        Unavailable(),
        TimeoutError(),
        ZeroDivisionError(),
    ],
)
def test_what_may_pass_is_tried_again_later_each_time(error: Exception) -> None:
    delays = [after(error, attempt) for attempt in (1, 2, 3, 4, 5)]

    assert [step.delay_seconds for step in delays[:4] if isinstance(step, TryAgain)] == [
        *(5.0, 10.0, 20.0, 40.0)
    ]
    assert isinstance(delays[4], GiveUp)
    assert delays[4].reason.endswith("(Tried 5 times.)")


@pytest.mark.parametrize(
    "error", [ProviderRefused(upstream_status=400), NotConfigured(), InvalidRequest()]
)
def test_what_will_not_pass_is_not_tried_again(error: Exception) -> None:
    assert isinstance(after(error), GiveUp)


def test_a_provider_is_left_alone_for_as_long_as_it_asks() -> None:
    busy = ProviderBusy(upstream_status=429, retry_after_seconds=600.0)

    assert after(busy) == TryAgain(busy.message, 600.0)
    assert isinstance(after(busy, remaining_seconds=500.0), GiveUp)
    assert after(ProviderBusy(upstream_status=429, retry_after_seconds=1.0)) == TryAgain(
        busy.message, 5.0
    )


def test_what_went_wrong_inside_is_not_told() -> None:
    step = after(ValueError("sk-canary"), attempt=5)

    assert isinstance(step, GiveUp)
    assert step.reason == "Something went wrong on our side. (Tried 5 times.)"
