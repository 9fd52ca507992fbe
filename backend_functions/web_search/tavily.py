"""Tavily's search.

Source: https://docs.tavily.com/documentation/api-reference/endpoint/search
"""

from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from backend_functions.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRejectedKey,
    ProviderUnreachable,
)

_MAX_QUERY_CHARACTERS = 400
_MAX_RESULTS = 5
_MAX_SNIPPET_CHARACTERS = 1500
_MAX_BODY_BYTES = 1024 * 1024
_ERROR_OF_STATUS: dict[int, type[ProviderError]] = {
    401: ProviderRejectedKey,
    403: ProviderRejectedKey,
    429: ProviderBusy,
    432: ProviderBusy,  # the plan's limit
    433: ProviderBusy,  # the pay-as-you-go limit
}


@dataclass(frozen=True, slots=True)
class Source:
    """A page that was found."""

    title: str
    url: str
    snippet: str


async def search(
    http: httpx.AsyncClient, base_url: httpx.URL, api_key: str, query: str
) -> tuple[Source, ...]:
    """Return the best pages for a question, best first; none is an answer too.

    Raises:
        ProviderError: The search was refused or failed; nothing of what it said is quoted.
    """
    payload = {"query": query[:_MAX_QUERY_CHARACTERS], "max_results": _MAX_RESULTS}
    try:
        async with http.stream(
            "POST",
            base_url.copy_with(path=f"{base_url.path.rstrip('/')}/search"),
            headers={"authorization": f"Bearer {api_key}", "content-type": "application/json"},
            content=orjson.dumps(payload),
        ) as response:
            body = b""
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _MAX_BODY_BYTES:
                    raise ProviderError("The web search failed.", detail="too much was found")
            if response.status_code != 200:
                kind = _ERROR_OF_STATUS.get(response.status_code, ProviderError)
                raise kind(_MESSAGES.get(kind), detail=f"search: {response.status_code}")
    except httpx.HTTPError as error:
        message = "The web search could not be reached."
        raise ProviderUnreachable(message, detail=type(error).__name__) from None
    return parse_results(body)


_MESSAGES: dict[type[ProviderError], str] = {
    ProviderRejectedKey: "The web search rejected its key.",
    ProviderBusy: "The web search is busy or its quota is used up. Try again later.",
    ProviderError: "The web search failed.",
}


def parse_results(body: bytes) -> tuple[Source, ...]:
    """Return the pages of a response; those without a usable address are left out.

    Raises:
        ProviderError: It is not what Tavily answers.
    """
    try:
        results: Any = orjson.loads(body)["results"]
        found = [
            Source(_line(row.get("title")) or row["url"], row["url"], _text(row.get("content")))
            for row in results
            if isinstance(row.get("url"), str) and _is_web_address(row["url"])
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ProviderError("The web search failed.", detail="not a list of results") from error
    return tuple(found[:_MAX_RESULTS])


def _is_web_address(url: str) -> bool:
    is_web = url.startswith(("https://", "http://")) and len(url) <= 2000
    return is_web and url.isprintable() and " " not in url


def _line(value: object) -> str:
    return " ".join(value.split())[:300] if isinstance(value, str) else ""


def _text(value: object) -> str:
    return value.replace("\0", "")[:_MAX_SNIPPET_CHARACTERS] if isinstance(value, str) else ""
