import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.chat_request.context import (
    Room,
    count_bytes,
    fit_turns,
    measure_tokens_per_byte,
)
from backend_functions.providers.base import ChatTurn

SYSTEM = ChatTurn("system", "Be brief.")


def exchange(number: int, size: int = 100) -> list[ChatTurn]:
    text = f"{number}" * size
    return [ChatTurn("user", text[:size]), ChatTurn("assistant", text[:size])]


def conversation(exchanges: int) -> list[ChatTurn]:
    turns = [turn for number in range(exchanges) for turn in exchange(number)]
    return [SYSTEM, *turns, ChatTurn("user", "the prompt")]


def test_what_fits_is_sent_whole() -> None:
    turns = conversation(5)

    fitted = fit_turns(turns, Room(10_000, 1000, 0.25))

    assert fitted == tuple(turns)


def test_the_oldest_turns_go_first_and_the_system_prompt_stays() -> None:
    turns = conversation(10)

    fitted = fit_turns(turns, Room(400, 100, 0.25))

    assert fitted[0] == SYSTEM
    assert fitted[-1].text == "the prompt"
    assert list(fitted[1:]) == turns[-len(fitted) + 1 :]
    assert 3 < len(fitted) < len(turns)
    assert fitted[1].role == "user"


def test_a_prompt_that_is_too_long_by_itself_is_still_sent() -> None:
    turns = [SYSTEM, *exchange(1), ChatTurn("user", "x" * 100_000)]

    fitted = fit_turns(turns, Room(1000, 100, 0.25))

    assert fitted == (SYSTEM, turns[-1])


def test_a_long_answer_is_not_given_more_than_a_quarter_of_the_window() -> None:
    turns = conversation(10)

    fitted = fit_turns(turns, Room(1000, 1_000_000, 0.25))

    assert len(fitted) == len(turns)


@given(
    sizes=st.lists(st.integers(1, 500), max_size=30),
    window=st.integers(10, 5000),
    answer=st.integers(0, 5000),
)
def test_system_prompt_and_prompt_always_stay_and_the_rest_is_the_newest(
    sizes: list[int], window: int, answer: int
) -> None:
    rest = [
        ChatTurn("user" if i % 2 == 0 else "assistant", "x" * size) for i, size in enumerate(sizes)
    ]
    turns = [SYSTEM, *rest, ChatTurn("user", "prompt")]

    fitted = fit_turns(turns, Room(window, answer, 0.3))

    assert fitted[0] == SYSTEM
    assert fitted[1:] == tuple(turns[len(turns) - len(fitted) + 1 :])
    assert fitted[1].role == "user"
    room = window - min(answer, window // 4)
    others = fitted[1:-1]
    assert not others or count_bytes(fitted) * 0.3 + 4 * len(fitted) <= room


@pytest.mark.parametrize(
    ("answers", "ratio"),
    [
        ([], 0.35),
        ([{"input_tokens": 100, "input_bytes": 400}], 0.25),
        (
            [
                {"input_tokens": 1, "input_bytes": 1000},
                {"input_tokens": 500, "input_bytes": 1000},
            ],
            0.5,
        ),
        ([{"input_tokens": 90, "input_bytes": 10}], 0.35),
        ([{"input_tokens": "x", "input_bytes": None}], 0.35),
        ([{"input_tokens": 10**9, "input_bytes": 300}], 1.5),
    ],
    ids=["nothing told", "told", "the newest", "too little to tell", "nonsense", "absurd"],
)
def test_the_provider_itself_tells_how_it_counts(
    answers: list[dict[str, object]], ratio: float
) -> None:
    assert measure_tokens_per_byte(answers) == ratio
