"""The models a key can use, as providers list them.

Every dialect has a list of objects under `data` or `models` (or bare); they differ in how the
objects call the same things, so one parser knows all the names.
"""

from typing import Any

import httpx

from backend_functions.errors import ProviderError
from backend_functions.providers.base import CatalogEntry
from backend_functions.providers.exchange import fetch_document
from backend_functions.providers.reader import count_of, object_of, text_of

_MAX_ENTRIES = 10_000
_MAX_ID_CHARACTERS = 200
"""As many as a model config's `model` takes."""
_CONTEXT_FIELDS = (
    "context_length",  # OpenRouter, Together
    "context_window",  # Groq
    "max_context_length",  # Mistral, LM Studio
    "max_model_len",  # vLLM
    "max_input_tokens",  # Anthropic
    "inputTokenLimit",  # Gemini
)


async def fetch_catalog(
    http: httpx.AsyncClient, url: httpx.URL, headers: dict[str, str]
) -> tuple[CatalogEntry, ...]:
    """Return what the provider lists at this address, by id.

    Raises:
        ProviderError: It refused, failed, or sent no list of models.
    """
    return parse_catalog(await fetch_document(http, url, headers))


def parse_catalog(document: object) -> tuple[CatalogEntry, ...]:
    """Return the models of a list, each once, by id; what is no model is left out.

    Raises:
        ProviderError: It is no list of models.
    """
    if isinstance(document, dict):
        document = document.get("data", document.get("models"))
    if not isinstance(document, list):
        raise ProviderError(detail="not a list of models")
    entries = (_parse_entry(item) for item in document[:_MAX_ENTRIES] if isinstance(item, dict))
    known = {entry.id: entry for entry in entries if entry is not None}
    return tuple(known[name] for name in sorted(known))


def _parse_entry(item: dict[str, Any]) -> CatalogEntry | None:
    methods = item.get("supportedGenerationMethods")  # Gemini also lists what cannot chat
    if isinstance(methods, list) and "generateContent" not in methods:
        return None
    name = (text_of(item.get("id")) or text_of(item.get("name"))).removeprefix("models/")
    if not name.isprintable() or not 0 < len(name) <= _MAX_ID_CHARACTERS:
        return None
    return CatalogEntry(name, _title(item, name), _context(item))


def _title(item: dict[str, Any], name: str) -> str | None:
    titles = (text_of(item.get(key)) for key in ("display_name", "displayName", "name"))
    title = next(filter(None, titles), "")[:_MAX_ID_CHARACTERS]
    tells_more = title.removeprefix("models/") != name and title.isprintable()
    return title if title and tells_more else None


def _context(item: dict[str, Any]) -> int | None:
    told = [item.get(field) for field in _CONTEXT_FIELDS]
    told.append(object_of(item.get("meta")).get("n_ctx"))  # llama.cpp
    told.append(object_of(item.get("meta")).get("n_ctx_train"))
    return next((count for value in told if (count := count_of(value))), None)
