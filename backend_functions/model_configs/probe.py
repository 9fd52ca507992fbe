"""Finding out whether a config works: one short question, timed."""

import asyncio
import time
from typing import Any

from backend_functions.configured_provider import build_request
from backend_functions.errors import ProviderUnreachable
from backend_functions.providers.base import ChatProvider, ChatTurn, ReasoningDelta, TextDelta

_QUESTION = "Answer with one word: ready?"
_WAIT_SECONDS = 60.0
_MAX_TOKENS = 64


async def probe(provider: ChatProvider, config: dict[str, Any]) -> dict[str, Any]:
    """Ask once and return model, seconds to the first token and in all, and the answer's start.

    Raises:
        ProviderError: What the provider answered instead.
    """
    turns = (ChatTurn("user", _QUESTION),)
    request = build_request(config | {"max_tokens": _MAX_TOKENS}, turns)
    began = time.monotonic()
    first: float | None = None
    text = ""
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            async for events in provider.stream(request):
                if first is None and any(
                    isinstance(event, TextDelta | ReasoningDelta) for event in events
                ):
                    first = time.monotonic() - began
                text += "".join(event.text for event in events if isinstance(event, TextDelta))
    except TimeoutError as error:
        raise ProviderUnreachable(detail="the test took too long") from error
    total = time.monotonic() - began
    return {
        "model": config["model"],
        "first_token_seconds": round(first if first is not None else total, 3),
        "total_seconds": round(total, 3),
        "answer": text[:80],
    }
