"""The providers there are: rows, not classes. A row is a name, an address and what it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, assert_never

import httpx

from backend_functions.egress.policy import EgressPolicy, check_base_url
from backend_functions.errors import InvalidRequest, NotConfigured
from backend_functions.providers.anthropic_messages import AnthropicMessages
from backend_functions.providers.base import Attachment, ChatProvider, Image
from backend_functions.providers.gemini import Gemini, is_model_name
from backend_functions.providers.ollama import Ollama
from backend_functions.providers.openai_compatible import LimitField, OpenAICompatible
from backend_functions.providers.pictures import PictureForm
from backend_functions.providers.turns import is_text
from backend_functions.settings import LocalModel

KeyNeed = Literal["required", "optional", "none"]
Dialect = Literal["openai", "anthropic", "gemini", "ollama", "search", "pictures"]
Capability = Literal["vision", "documents", "reasoning", "catalog"]
"""`vision`: pictures in. `documents`: files in that are no text. `reasoning`: tells what a model
thinks, apart from its answer. `catalog`: lists the models of a key. Of a provider at its best: not
every model of it can."""

_ALL: frozenset[Capability] = frozenset({"vision", "documents", "reasoning", "catalog"})
_NO_DOCUMENTS = _ALL - {"documents"}


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: `base_url` is where it is when the config names no other address."""

    name: str
    base_url: str | None
    key: KeyNeed = "required"
    limit_field: LimitField = "max_tokens"
    dialect: Dialect = "openai"
    capabilities: frozenset[Capability] = _NO_DOCUMENTS
    asks_usage: bool = True
    """Whether a stream is asked for its counts of tokens (OpenAI's dialect only)."""
    priced_as: str | None = None
    """Its name among the prices; None where asking costs nothing, or nobody knows what."""
    pictures: PictureForm | None = None
    """How it is asked for pictures; None where it makes none, or we do not know how."""

    @property
    def answers(self) -> bool:
        """Whether a chat can be had with it; one that does not is nobody's default."""
        return self.dialect not in ("search", "pictures")


LOCAL = "local"
SEARCH = "tavily"
"""No model: a config of it holds a user's own key for web search."""
IMAGES = "imagerouter"
"""Makes pictures and answers nothing; the one that is asked unless a config says otherwise."""

PROVIDERS = {
    row.name: row
    for row in (
        Provider(
            "openai",
            "https://api.openai.com/v1",
            limit_field="max_completion_tokens",
            capabilities=_ALL - {"reasoning"},
            priced_as="openai",
            pictures=PictureForm(),
        ),
        Provider(
            "anthropic",
            "https://api.anthropic.com",
            dialect="anthropic",
            capabilities=_ALL,
            priced_as="anthropic",
        ),
        Provider(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta",
            dialect="gemini",
            capabilities=_ALL,
            priced_as="google",
        ),
        Provider("groq", "https://api.groq.com/openai/v1", priced_as="groq"),
        Provider(
            "openrouter",
            "https://openrouter.ai/api/v1",
            capabilities=_ALL,
            priced_as="openrouter",
        ),
        Provider("mistral", "https://api.mistral.ai/v1", asks_usage=False, priced_as="mistral"),
        Provider(
            "deepseek",
            "https://api.deepseek.com/v1",
            capabilities=_NO_DOCUMENTS - {"vision"},
            priced_as="deepseek",
        ),
        Provider("together", "https://api.together.xyz/v1", priced_as="together"),
        Provider("xai", "https://api.x.ai/v1", priced_as="x-ai"),
        Provider("ollama", "http://127.0.0.1:11434", "optional", dialect="ollama"),
        Provider("lmstudio", "http://127.0.0.1:1234/v1", "optional"),
        Provider("llamacpp", "http://127.0.0.1:8080/v1", "optional"),
        Provider("vllm", "http://127.0.0.1:8000/v1", "optional"),
        Provider(
            "openai-compatible",
            None,
            "optional",
            capabilities=_ALL,
            pictures=PictureForm(response_format="b64_json"),
        ),
        Provider(
            IMAGES,
            "https://api.imagerouter.io/v1/openai",
            dialect="pictures",
            capabilities=frozenset(),
            pictures=PictureForm(response_format="b64_ephemeral"),
        ),
        Provider(SEARCH, "https://api.tavily.com", dialect="search", capabilities=frozenset()),
        Provider(LOCAL, None, "none", capabilities=frozenset({"catalog"})),
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


def check_model(provider: Provider, model: str) -> None:
    """Refuse a model's name that the provider's dialect has no place for.

    Raises:
        InvalidRequest: It would become a part of an address, and is no name of a model.
    """
    if provider.dialect == "gemini" and not is_model_name(model):
        raise InvalidRequest("A model of Gemini is named by letters, digits, dots and dashes.")


def check_attachments(provider: Provider, attachments: Iterable[Attachment]) -> None:
    """Refuse what the provider cannot read; documents of text go to all.

    Raises:
        InvalidRequest: The provider takes no pictures, or no such documents.
    """
    for attachment in attachments:
        if not can_read(provider, attachment):
            what = "pictures" if isinstance(attachment, Image) else "documents but text"
            raise InvalidRequest(f"The provider {provider.name} takes no {what}.")


def can_read(provider: Provider, attachment: Attachment) -> bool:
    """Say whether a provider takes such a file."""
    if isinstance(attachment, Image):
        return "vision" in provider.capabilities
    return is_text(attachment) or "documents" in provider.capabilities


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
    match provider.dialect:
        case "openai":
            return OpenAICompatible(
                http,
                base_url=base_url,
                api_key=api_key,
                limit_field=provider.limit_field,
                asks_usage=provider.asks_usage,
            )
        case "anthropic":
            return AnthropicMessages(http, base_url=base_url, api_key=api_key)
        case "gemini":
            return Gemini(http, base_url=base_url, api_key=api_key)
        case "ollama":
            return Ollama(http, base_url=base_url, api_key=api_key)
        case "search":
            raise InvalidRequest("This model config is for web search and answers nothing.")
        case "pictures":
            raise InvalidRequest("This model config makes pictures and answers nothing.")
        case _:
            assert_never(provider.dialect)
