"""Lengths of time that people type and read."""

import pytest

from pocketllm_cli.durations import clock_told, duration_told, parse_duration
from pocketllm_cli.errors import UsageProblem

YEAR = 365 * 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("2h", 7_200), ("7d", 604_800), ("1w", 604_800),
     ("1h30m", 5_400), (" 1 H 30 M ", 5_400), ("365d", YEAR)],
)  # fmt: skip
def test_a_length_of_time_is_read_as_it_is_written(text: str, seconds: int) -> None:
    assert parse_duration(text, most_seconds=YEAR) == seconds


@pytest.mark.parametrize(
    "text", ["", "3", "h", "2 hours", "-1h", "1.5h", "0s", "366d", "9" * 9 + "w", "1h\n;", "٣h"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        parse_duration(text, most_seconds=YEAR)

    assert "h" in refused.value.hint


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 second"), (5_400, "1 hour 30 minutes"), (604_800, "7 days"), (90_061, "1 day 1 hour")],
)
def test_it_is_told_in_two_units_at_most(seconds: int, told: str) -> None:
    assert duration_told(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"), [(-3, "0 s"), (9.9, "9 s"), (125, "2 min 05 s"), (3_720, "1 h 02 min")]
)
def test_what_has_passed_is_told_short(seconds: float, told: str) -> None:
    assert clock_told(seconds) == told
