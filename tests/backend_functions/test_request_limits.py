from uuid import UUID, uuid4

import pytest

from backend_functions.errors import TooManyRequests
from backend_functions.request_limits import RequestLimits
from backend_functions.settings import InvalidSettings, Limits, read_limits
from tests.backend_functions.conftest import Functions, Person

PATH = f"/functions/v1/chat-request/{uuid4()}"


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def allowed(limits: RequestLimits, user: UUID, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            limits.take(user)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_a_user_gets_what_is_allowed_in_a_minute_and_then_as_time_passes() -> None:
    clock = Clock()
    limits, user = RequestLimits(60, clock=clock), uuid4()

    assert allowed(limits, user, 100) == 60
    clock.now += 5
    assert allowed(limits, user, 100) == 5
    clock.now += 3600
    assert allowed(limits, user, 100) == 60


def test_a_refusal_says_when_to_try_again() -> None:
    clock = Clock()
    limits, user = RequestLimits(6, clock=clock), uuid4()
    allowed(limits, user, 6)

    with pytest.raises(TooManyRequests) as refused:
        limits.take(user)

    assert refused.value.retry_after_seconds == pytest.approx(10)
    clock.now += 10
    limits.take(user)


def test_users_do_not_share_and_who_floods_is_not_forgotten() -> None:
    limits, flooder = RequestLimits(5, clock=Clock(), max_users=100), uuid4()
    allowed(limits, flooder, 10)

    for _ in range(1000):
        assert allowed(limits, uuid4(), 1) == 1
        assert allowed(limits, flooder, 1) == 0

    assert len(limits._buckets) == 100


@pytest.mark.db
@pytest.mark.parametrize("limits", [Limits(requests_per_minute=5)])
async def test_a_flood_of_one_user_is_refused_and_another_goes_on(
    functions: Functions, alice: Person, bob: Person
) -> None:
    flood = [await alice.http.get(PATH) for _ in range(8)]
    other = [await bob.http.get(PATH) for _ in range(5)]

    assert [response.status_code for response in flood] == [404] * 5 + [429] * 3
    assert {response.status_code for response in other} == {404}
    assert flood[-1].json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(flood[-1].headers["retry-after"]) <= 12


@pytest.mark.db
@pytest.mark.parametrize("limits", [Limits(requests_per_minute=1)])
async def test_requests_without_a_user_take_nothing_from_anybody(
    functions: Functions, alice: Person
) -> None:
    for _ in range(5):
        refused = await alice.http.get(PATH, headers={"authorization": "Bearer x"})
        assert refused.status_code == 401

    assert (await alice.http.get(PATH)).status_code == 404


def test_bounds_come_from_the_environment() -> None:
    limits = read_limits(
        {
            "POCKETLLM_REQUESTS_PER_MINUTE": "30",
            "POCKETLLM_MAX_RUNNING_ANSWERS": "2",
            "POCKETLLM_IDLE_SECONDS": "12.5",
            "POCKETLLM_MAX_BODY_BYTES": "",
        }
    )

    assert limits == Limits(requests_per_minute=30, max_running_answers=2, idle_seconds=12.5)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "nan", "1e400", "9" * 20])
def test_a_bound_that_is_none_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(InvalidSettings, match="POCKETLLM_REQUESTS_PER_MINUTE"):
        read_limits({"POCKETLLM_REQUESTS_PER_MINUTE": text})


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "0.0"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match="POCKETLLM_IDLE_SECONDS"):
        read_limits({"POCKETLLM_IDLE_SECONDS": text})


def test_a_worker_that_would_be_taken_for_dead_while_it_lives_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="at least twice"):
        read_limits({"POCKETLLM_WORKER_SILENCE_SECONDS": "9"})
