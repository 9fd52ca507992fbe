import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from backend_functions.providers.prices import price_of
from backend_functions.providers.registry import PROVIDERS

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("anthropic", "claude-sonnet-4-5"),
        ("gemini", "gemini-2.5-flash"),
        ("gemini", "models/gemini-2.5-flash"),
        ("groq", "llama-3.3-70b-versatile"),
        ("openrouter", "openai/gpt-4o"),
        ("mistral", "mistral-large-latest"),
        ("deepseek", "deepseek-chat"),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("xai", "grok-4"),
    ],
)
def test_an_answer_of_a_known_model_has_a_price(provider: str, model: str) -> None:
    cost = price_of(provider, model, 1_000_000, 1_000_000, at=AT)

    assert isinstance(cost, Decimal)
    assert Decimal("0.01") < cost < 1000


def test_a_price_is_the_published_one_and_what_is_cached_is_cheaper() -> None:
    assert price_of("openai", "gpt-4o", 1_000_000, 100_000, at=AT) == Decimal("3.5")
    assert price_of("openai", "gpt-4o", 1_000_000, 100_000, 1_000_000, at=AT) == Decimal("2.25")


@pytest.mark.parametrize("name", [row.name for row in PROVIDERS.values() if row.priced_as is None])
def test_what_runs_on_ones_own_machine_has_no_price(name: str) -> None:
    assert price_of(name, "gpt-4o", 1000, 100) is None


@pytest.mark.parametrize(
    ("counts", "base_url"),
    [
        ((None, 5), None),
        ((5, None), None),
        ((-5, 5), None),
        ((5, 5), "http://127.0.0.1:4000/v1"),
        ((5, 5), "https://proxy.example/v1"),
        ((5, 5), "not a url"),
    ],
)
def test_an_answer_whose_price_nobody_can_know_has_none(
    counts: tuple[int | None, int | None], base_url: str | None
) -> None:
    assert price_of("openai", "gpt-4o", *counts, base_url=base_url) is None


def test_the_provider_s_own_address_spelled_out_has_its_price() -> None:
    assert price_of("openai", "gpt-4o", 5, 5, base_url="https://api.openai.com/v1/") is not None


def test_an_unknown_model_or_provider_has_no_price() -> None:
    assert price_of("openai", "no-such-model", 5, 5) is None
    assert price_of("no-such-provider", "gpt-4o", 5, 5) is None


def test_more_cached_than_there_was_is_not_an_error() -> None:
    assert price_of("openai", "gpt-4o", 5, 5, 500) is not None


def test_prices_are_not_loaded_before_they_are_asked_for() -> None:
    program = (
        "import sys, backend_functions.providers.prices as prices;"
        "assert 'genai_prices' not in sys.modules;"
        "prices.load_prices();"
        "assert 'genai_prices' in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
