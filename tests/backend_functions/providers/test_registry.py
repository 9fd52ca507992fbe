from pathlib import Path

import httpx
import pytest

from backend_functions.egress.policy import EgressPolicy
from backend_functions.errors import InvalidRequest
from backend_functions.providers.anthropic_messages import AnthropicMessages
from backend_functions.providers.base import Attachment, Document, Image
from backend_functions.providers.gemini import Gemini
from backend_functions.providers.ollama import Ollama
from backend_functions.providers.openai_compatible import OpenAICompatible
from backend_functions.providers.registry import (
    PROVIDERS,
    check_attachments,
    find_provider,
    open_provider,
    resolve_base_url,
)

ADAPTERS = {
    "openai": OpenAICompatible,
    "anthropic": AnthropicMessages,
    "gemini": Gemini,
    "ollama": Ollama,
}
IMAGE = Image("image/png", b"", "a.png")
REPORT = Document("application/pdf", b"", "r.pdf")
NOTES = Document("text/plain; charset=utf-8", b"", "n.txt")


@pytest.mark.parametrize(
    "name", [row.name for row in PROVIDERS.values() if row.dialect in ADAPTERS]
)
def test_every_provider_is_spoken_to_in_its_dialect(name: str, http: httpx.AsyncClient) -> None:
    row = PROVIDERS[name]

    provider = open_provider(row, http, httpx.URL("https://a.example"), "k")

    assert type(provider) is ADAPTERS[row.dialect]


@pytest.mark.parametrize("name", [row.name for row in PROVIDERS.values() if row.base_url])
@pytest.mark.parametrize("allow_loopback", [False, True], ids=["hosted", "embedded"])
def test_every_provider_is_called_where_the_server_may_call(
    name: str, allow_loopback: bool
) -> None:
    row, policy = PROVIDERS[name], EgressPolicy(allow_loopback=allow_loopback)

    if str(row.base_url).startswith("http://127.0.0.1") and not allow_loopback:
        with pytest.raises(InvalidRequest):
            resolve_base_url(row, None, policy, None)
    else:
        assert str(resolve_base_url(row, None, policy, None)) == row.base_url


@pytest.mark.parametrize(
    ("name", "attachments", "is_taken"),
    [
        ("openai", (IMAGE, REPORT, NOTES), True),
        ("anthropic", (IMAGE, REPORT, NOTES), True),
        ("gemini", (IMAGE, REPORT, NOTES), True),
        ("ollama", (IMAGE, NOTES), True),
        ("ollama", (REPORT,), False),
        ("local", (NOTES,), True),
        ("local", (IMAGE,), False),
        ("deepseek", (IMAGE,), False),
    ],
)
def test_what_a_provider_cannot_read_is_refused_beforehand(
    name: str, attachments: tuple[Attachment, ...], is_taken: bool
) -> None:
    provider = find_provider(name)

    if is_taken:
        check_attachments(provider, attachments)
    else:
        with pytest.raises(InvalidRequest):
            check_attachments(provider, attachments)


@pytest.mark.parametrize(
    ("name", "base_url", "asked"),
    [
        ("anthropic", "https://api.anthropic.com", "/v1/messages"),
        ("anthropic", "https://a.example/v1", "/v1/messages"),
        ("anthropic", "https://a.example/anthropic/", "/anthropic/v1/messages"),
        ("ollama", "http://127.0.0.1:11434", "/api/chat"),
        ("ollama", "https://ollama.com/api", "/api/chat"),
        ("openai", "https://api.openai.com/v1", "/v1/chat/completions"),
    ],
)
def test_an_address_is_understood_as_people_write_it(
    http: httpx.AsyncClient, name: str, base_url: str, asked: str
) -> None:
    provider = open_provider(find_provider(name), http, httpx.URL(base_url), None)

    assert provider._url.path == asked  # type: ignore[attr-defined]


def test_the_page_on_providers_lists_every_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "providers.md").read_text(encoding="utf-8")

    for row in PROVIDERS.values():
        if row.dialect in ADAPTERS:
            address = f"`{row.base_url}` |" if row.base_url else ""
            assert f"| `{row.name}` | `{row.dialect}` | {address}" in page, row.name
