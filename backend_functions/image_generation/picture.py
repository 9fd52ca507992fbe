"""Has a provider make one picture."""

import asyncio
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from backend_functions.egress import EgressPolicy
from backend_functions.errors import NotConfigured, ProviderError, ProviderUnreachable
from backend_functions.image_generation.png import read_size
from backend_functions.providers.failures import parse_error

_MAX_BYTES = 64 * 1024 * 1024
_MAX_SECONDS = 300.0
_DEFAULT_BASE_URL = "https://api.imagerouter.io"
_PATH = "/v1/openai/images/generations"


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """Everything a provider needs to make one picture; what is None is left to it."""

    prompt: str
    model: str
    quality: str | None
    size: str | None
    provider: str
    base_url: str | None
    input_image: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and what it took."""

    png: bytes = field(repr=False)
    width: int
    height: int
    cost_usd: float | None
    model: str


async def make_picture(
    request: PictureRequest, key: str | None, http: httpx.AsyncClient, policy: EgressPolicy
) -> Picture:
    """Ask the provider for a picture and wait for it.

    Raises:
        NotConfigured: There is no key.
        ProviderError: It refused, failed or sent no picture.
    """
    if key is None:
        raise NotConfigured("Pictures need a key of ImageRouter, and there is none.")
    payload = {
        "prompt": request.prompt,
        "model": request.model,
        "quality": request.quality,
        "size": request.size,
        "response_format": "b64_json",
    }
    body = await _post(
        http,
        (request.base_url or _DEFAULT_BASE_URL).rstrip("/") + _PATH,
        key,
        {name: value for name, value in payload.items() if value is not None},
    )
    try:
        answer: Any = orjson.loads(body)
        png = b64decode(answer["data"][0]["b64_json"], validate=True)
        width, height = read_size(png)
    except (orjson.JSONDecodeError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ProviderError("The provider sent no picture.", detail="no picture") from error
    cost = answer.get("cost")
    return Picture(
        png, width, height, cost if isinstance(cost, int | float) else None, request.model
    )


async def _post(http: httpx.AsyncClient, url: str, key: str, payload: dict[str, Any]) -> bytes:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    is_open = False
    body = bytearray()
    try:
        async with (
            asyncio.timeout(_MAX_SECONDS),
            http.stream("POST", url, headers=headers, content=orjson.dumps(payload)) as response,
        ):
            is_open = True
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _MAX_BYTES:
                    raise ProviderError("The picture is too large.", detail="too large")
            if response.status_code != 200:
                raise parse_error(
                    response.status_code, bytes(body), response.headers, datetime.now(UTC)
                )
    except (httpx.HTTPError, TimeoutError) as error:
        raise ProviderUnreachable(
            detail=type(error).__name__, failed_before_answer=not is_open
        ) from None
    return bytes(body)
