"""What an answer cost, by the prices that come with `genai-prices`; nothing is fetched.

Importing that package takes 0.14 s and its first calculation 0.05 s, a later one 0.2 ms:
`load_prices` does the first two, in a thread at start, so that no answer waits for them.
"""

from datetime import datetime
from decimal import Decimal
from functools import cache
from types import ModuleType

import httpx

from backend_functions.egress.policy import origin
from backend_functions.providers.registry import PROVIDERS, Provider


def price_of(
    provider_name: str,
    model: str,
    input_tokens: int | None,
    output_tokens: int | None,
    cached_input_tokens: int | None = None,
    *,
    base_url: str | None = None,
    at: datetime | None = None,
) -> Decimal | None:
    """Return what an answer cost in US dollars; None when that is not known, or nothing is paid.

    Args:
        provider_name: As a model config names it.
        input_tokens: All of them, those from a cache included.
        cached_input_tokens: The part of them that was cheaper.
        base_url: The config's own address, if it has one: elsewhere other prices hold.
        at: When it was asked, for prices that change with time; None is now.
    """
    provider = PROVIDERS.get(provider_name)
    if provider is None or provider.priced_as is None or input_tokens is None:
        return None
    if output_tokens is None or (base_url and not _is_own_address(provider, base_url)):
        return None
    prices = _prices()
    try:
        usage = prices.Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=min(cached_input_tokens or 0, input_tokens) or None,
        )
        found = prices.calc_price(
            usage,
            model.removeprefix("models/"),
            provider_id=provider.priced_as,
            genai_request_timestamp=at,
        )
    except (LookupError, ValueError):  # a model without a price, or counts that make no sense
        return None
    total: Decimal = found.total_price
    return total


def load_prices() -> None:
    """Do the slow part of the first `price_of` ahead of it; may run in a thread."""
    price_of("openai", "gpt-5", 1, 1)


@cache
def _prices() -> ModuleType:
    import genai_prices  # slow to import, and only needed once an answer has ended

    return genai_prices


def _is_own_address(provider: Provider, base_url: str) -> bool:
    try:
        return origin(httpx.URL(base_url)) == origin(httpx.URL(provider.base_url or ""))
    except (httpx.InvalidURL, KeyError):
        return False
