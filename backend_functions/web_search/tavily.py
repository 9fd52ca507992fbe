"""Tavily's search.

Source: https://docs.tavily.com/documentation/api-reference/endpoint/search
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from backend_functions.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRejectedKey,
    ProviderUnreachable,
)
from backend_functions.providers.failures import parse_retry_after

_MAX_QUERY_CHARACTERS = 400
_MAX_RESULTS = 5
_MAX_SNIPPET_CHARACTERS = 1500
_MAX_BODY_BYTES = 1024 * 1024
_MAX_SECONDS = 30.0
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
    is_open = False
    try:
        async with (
            asyncio.timeout(_MAX_SECONDS),
            http.stream(
                "POST",
                base_url.copy_with(path=f"{base_url.path.rstrip('/')}/search"),
                headers={"authorization": f"Bearer {api_key}", "content-type": "application/json"},
                content=orjson.dumps(payload),
            ) as response,
        ):
            is_open = True
            if response.status_code != 200:
                raise _refusal(response)
            return parse_results(await _read(response))
    except (httpx.HTTPError, TimeoutError) as error:
        raise ProviderUnreachable(
            "The web search could not be reached.",
            detail=type(error).__name__,
            failed_before_answer=not is_open and not isinstance(error, TimeoutError),
        ) from None


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > _MAX_BODY_BYTES:
            raise ProviderError("The web search failed.", detail="too much was found")
    return bytes(body)


def _refusal(response: httpx.Response) -> ProviderError:
    kind = _ERROR_OF_STATUS.get(response.status_code, ProviderError)
    return kind(
        _MESSAGES[kind],
        detail=f"search: {response.status_code}",
        upstream_status=response.status_code,
        retry_after_seconds=parse_retry_after(response.headers, datetime.now(UTC)),
    )


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
