"""How many tokens a model can hold, as far as the data that comes with `genai-prices` tells."""

from functools import lru_cache

from backend_functions.providers.registry import LOCAL, PROVIDERS

_USUAL_TOKENS = 128_000
_ON_THIS_MACHINE_TOKENS = 8_192
"""What servers that people run themselves hold unless they are told otherwise."""


@lru_cache(maxsize=1024)
def window_of(provider_name: str, model: str) -> int:
    """Return the size of a model's window in tokens; a usual one where nobody knows."""
    provider = PROVIDERS.get(provider_name)
    if provider is None or provider.priced_as is None:
        is_near = provider is not None and (provider.base_url or "").startswith("http://")
        return _ON_THIS_MACHINE_TOKENS if is_near or provider_name == LOCAL else _USUAL_TOKENS
    from genai_prices import data_snapshot  # slow to import; loaded at start, see `load_prices`

    try:
        _, found = data_snapshot.get_snapshot().find_provider_model(
            model, None, provider.priced_as, None
        )
    except LookupError:
        return _USUAL_TOKENS
    return found.context_window or _USUAL_TOKENS
