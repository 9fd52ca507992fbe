import json
from datetime import UTC, datetime

import pytest

from pocketllm_cli.errors import ExitCode, UsageProblem
from pocketllm_cli.moments import parse_moment
from pocketllm_cli.usage_numbers import cost_as_text
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROWS = [
    {
        "label": "gpt-5\x1b[2J",
        "chat_id": None,
        "answers": 12,
        "input_tokens": 12_345,
        "output_tokens": 678,
        "cost_usd": 1.5,
        "total_ms": 61_000,
    },
    {
        "label": "local",
        "chat_id": None,
        "answers": 3,
        "input_tokens": None,
        "output_tokens": 10,
        "cost_usd": None,
        "total_ms": 900,
    },
]


def test_usage_is_a_table_with_a_total(cli: Cli, backend: FakeBackend) -> None:
    backend.results["usage"] = ROWS

    assert cli("usage").out.splitlines() == [
        "MODEL  ANSWERS   INPUT  OUTPUT   COST        TIME",
        "gpt-5       12  12,345     678  $1.50  1 min 01 s",
        "local        3       0      10      -       0.9 s",
        "Total       15  12,345     688  $1.50  1 min 02 s",
    ]


def test_the_rows_are_records(cli: Cli, backend: FakeBackend) -> None:
    backend.results["usage"] = ROWS
    [first, second] = json.loads(cli("usage", "--json", "--by", "day").out)

    assert first["cost_usd"] == 1.5
    assert second["cost_usd"] is None
    assert backend.bodies == [{"grouping": "day"}]


def test_since_is_sent_as_a_moment(cli: Cli, backend: FakeBackend) -> None:
    backend.results["usage"] = []
    result = cli("usage", "--since", "2026-01-31")

    assert result.out == "No answers yet.\n"
    assert backend.bodies[0]["since"].startswith("2026-01-31T00:00:00")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("24h", "2026-03-09T12:00:00+00:00"),
        ("7d", "2026-03-03T12:00:00+00:00"),
        ("2W", "2026-02-24T12:00:00+00:00"),
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T08:00+02:00", "2026-01-31T08:00:00+02:00"),
    ],
)
def test_a_moment_is_a_date_or_how_long_ago(text: str, moment: str) -> None:
    assert parse_moment(text, NOW).isoformat() == moment


@pytest.mark.parametrize("text", ["", "yesterday", "7", "d", "99999w", "2026-13-01"])
def test_what_is_no_moment_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageProblem, match="not a date"):
        parse_moment(text, NOW)


@pytest.mark.parametrize("argv", [("--since", "soon"), ("--by", "hour")])
def test_a_bad_option_asks_nobody(cli: Cli, backend: FakeBackend, argv: tuple[str, str]) -> None:
    assert cli("usage", *argv).exit_code == ExitCode.USAGE
    assert not backend.seen


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (None, "-"),
        (0.0, "$0.00"),
        (0.00001, "<$0.0001"),
        (0.0123, "$0.0123"),
        (1234.567, "$1,234.57"),
    ],
)
def test_a_cost_has_the_digits_that_matter(dollars: float | None, text: str) -> None:
    assert cost_as_text(dollars) == text
