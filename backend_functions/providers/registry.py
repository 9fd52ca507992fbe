"""The providers there are: rows, not classes. A row is a name, an address and what it needs."""

from dataclasses import dataclass
from typing import Literal

import httpx

from backend_functions.egress import EgressPolicy, check_base_url
from backend_functions.errors import InvalidRequest, NotConfigured
from backend_functions.providers.base import ChatProvider
from backend_functions.providers.openai_compatible import LimitField, OpenAICompatible
from backend_functions.settings import LocalModel

KeyNeed = Literal["required", "optional", "none"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: `base_url` is where it is when the config names no other address."""

    name: str
    base_url: str | None
    key: KeyNeed = "required"
    limit_field: LimitField = "max_tokens"


LOCAL = "local"

PROVIDERS = {
    row.name: row
    for row in (
        Provider("openai", "https://api.openai.com/v1", "required", "max_completion_tokens"),
        Provider("groq", "https://api.groq.com/openai/v1"),
        Provider("openrouter", "https://openrouter.ai/api/v1"),
        Provider("mistral", "https://api.mistral.ai/v1"),
        Provider("deepseek", "https://api.deepseek.com/v1"),
        Provider("together", "https://api.together.xyz/v1"),
        Provider("xai", "https://api.x.ai/v1"),
        Provider("lmstudio", "http://127.0.0.1:1234/v1", "optional"),
        Provider("llamacpp", "http://127.0.0.1:8080/v1", "optional"),
        Provider("vllm", "http://127.0.0.1:8000/v1", "optional"),
        Provider("openai-compatible", None, "optional"),
        Provider(LOCAL, None, "none"),
    )
}


def find_provider(name: str) -> Provider:
    """Return the row of a provider.

    Raises:
        InvalidRequest: There is no such provider; the message lists those there are.
    """
    if name not in PROVIDERS:
        raise InvalidRequest(f"There is no such provider. Known are: {', '.join(PROVIDERS)}.")
    return PROVIDERS[name]


def resolve_base_url(
    provider: Provider, base_url: str | None, policy: EgressPolicy, local_model: LocalModel | None
) -> httpx.URL:
    """Return the address that a config's requests go to.

    Raises:
        InvalidRequest: The address is missing or is none that this server calls.
        NotConfigured: The provider is the local model and this backend runs none.
    """
    if provider.name == LOCAL:
        if base_url:
            raise InvalidRequest("The provider `local` takes no base URL.")
        if local_model is None:
            raise NotConfigured("This backend runs no local model.")
        return httpx.URL(local_model.base_url)
    address = base_url or provider.base_url
    if not address:
        raise InvalidRequest(f"The provider {provider.name} needs a base URL.")
    return check_base_url(address, policy)


def open_provider(
    provider: Provider, http: httpx.AsyncClient, base_url: httpx.URL, api_key: str | None
) -> ChatProvider:
    """Return the adapter that speaks to this provider at this address."""
    return OpenAICompatible(
        http,
        base_url=base_url,
        api_key=api_key,
        limit_field=provider.limit_field,
    )
