"""One picture from a provider: asked for, fetched, and written anew before anybody keeps it.

What the provider sends, or leads to, is bounded and checked at each step, and no more believed
than a file that a stranger uploads.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import httpx

from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy, check_link
from backend_functions.errors import (
    InvalidRequest,
    NotConfigured,
    ProviderBusy,
    ProviderError,
    ProviderIncomplete,
    ProviderRejectedKey,
    ProviderUnreachable,
    TooLarge,
)
from backend_functions.picture_reencoding import MOST_BYTES, PictureReencoder, Png
from backend_functions.providers.exchange import fetch_bytes, post_for_document, remove_key
from backend_functions.providers.failures import is_retryable
from backend_functions.providers.pictures import (
    PictureAnswer,
    PictureForm,
    PictureRequest,
    build_request,
    parse_answer,
)
from backend_functions.providers.prices import price_of
from backend_functions.providers.registry import find_provider, resolve_base_url
from backend_functions.settings import Limits

__all__ = ["Picture", "PictureRequest", "make_picture"]

_MOST_ANSWER_BYTES: Final = MOST_BYTES * 4 // 3 + 64 * 1024
"""A picture in base64, and what stands around it."""
_FETCH_SECONDS: Final = 60.0
_FETCH_PAUSES: Final = (0.25, 1.0)
"""Before fetching again what was made and paid for."""
_TOO_SLOW: Final = "The image provider took too long."
_BAD_LINK: Final = "The image provider sent a link that this server does not follow."
_LOST: Final = "The image provider made a picture that could not be fetched."
_UNUSABLE: Final = "The image provider sent something that cannot be used."
_IN_WORDS: Final[dict[type[ProviderError], str]] = {
    ProviderRejectedKey: "The image provider rejected its key.",
    ProviderBusy: "The image provider is busy, or its credits are used up.",
    ProviderUnreachable: "The image provider could not be reached.",
    ProviderIncomplete: "The image provider's answer broke off before its end.",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was made; its sides are in pixels."""

    png: bytes = field(repr=False)
    width: int
    height: int
    cost_usd: float | None
    """None where nobody tells."""
    model: str


async def make_picture(
    request: PictureRequest,
    key: str | None,
    http: httpx.AsyncClient,
    policy: EgressPolicy,
    reencoder: PictureReencoder,
    limits: Limits,
) -> Picture:
    """Have a picture made and return it as a PNG that we wrote.

    Args:
        http: Follows no redirect and calls only what the policy allows, as `open_client` makes it.
        policy: The one of that client.
        limits: `picture_seconds` bounds all of it.

    Raises:
        InvalidRequest, TooLarge: What is asked for cannot be, such as the picture to change.
        NotConfigured: A key or an address is missing.
        ProviderError: The provider failed; asking again may help where `is_retryable` says so.
    """
    provider = find_provider(request.provider)
    if provider.pictures is None:
        raise InvalidRequest(f"The provider {provider.name} makes no pictures.")
    if key is None and provider.key == "required":
        raise NotConfigured("Pictures of this provider need a key.")
    base_url = resolve_base_url(provider, request.base_url, policy, None)
    if request.input_image is not None:  # what else is in the file is none of the provider's
        clean = await reencoder.reencode(request.input_image)
        request = replace(request, input_image=clean.data)
    try:
        async with asyncio.timeout(limits.picture_seconds):
            answer = await _ask(request, provider.pictures, base_url, key, http, limits)
            data = answer.data or await _fetch(answer.url or "", base_url, http, policy, limits)
            made = await _reencode(data, reencoder)
    except TimeoutError as error:
        raise ProviderUnreachable(_TOO_SLOW, detail="the picture took too long") from error
    except ProviderError as error:
        if error.message == error.default_message:
            error.message = _IN_WORDS.get(type(error), error.message)
        raise
    return Picture(made.data, made.width, made.height, _cost(request, answer), request.model)


async def _ask(
    request: PictureRequest,
    form: PictureForm,
    base_url: httpx.URL,
    key: str | None,
    http: httpx.AsyncClient,
    limits: Limits,
) -> PictureAnswer:
    path, content_type, body = build_request(request, form)
    headers = {"content-type": content_type, "accept": "application/json"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    document = await post_for_document(
        http,
        base_url.copy_with(path=f"{base_url.path.rstrip('/')}/{path}"),
        headers,
        body,
        max_bytes=_MOST_ANSWER_BYTES,
        seconds=limits.picture_seconds,
    )
    try:
        return parse_answer(document)
    except ProviderError as error:
        remove_key(error, headers)
        raise


async def _fetch(
    link: str, provider: httpx.URL, http: httpx.AsyncClient, policy: EgressPolicy, limits: Limits
) -> bytes:
    """Fetch a picture from where the provider says it is; no key goes along."""
    try:
        url, is_its_own = check_link(link, provider)
    except InvalidRequest as error:
        raise ProviderError(_BAD_LINK, detail="a link that is not followed") from error
    async with _client_for(is_its_own or not policy.allow_loopback, http, limits) as client:
        for pause in (*_FETCH_PAUSES, None):
            try:
                return await fetch_bytes(
                    client, url, {}, max_bytes=MOST_BYTES, seconds=_FETCH_SECONDS
                )
            except ProviderError as error:
                if pause is None or not is_retryable(error):
                    # Not to be asked again: another picture would cost again.
                    raise ProviderError(_LOST, detail=f"fetching: {error.detail}") from error
            await asyncio.sleep(pause)
    raise AssertionError("the last try returns or raises")


@asynccontextmanager
async def _client_for(
    is_as_usual: bool, http: httpx.AsyncClient, limits: Limits
) -> AsyncIterator[httpx.AsyncClient]:
    """Give the usual client, or one that calls public addresses only."""
    if is_as_usual:
        yield http
        return
    async with open_client(EgressPolicy(allow_loopback=False), limits) as strict:
        yield strict


async def _reencode(data: bytes, reencoder: PictureReencoder) -> Png:
    try:
        return await reencoder.reencode(data)
    except (InvalidRequest, TooLarge) as error:
        detail = error.message.partition(":")[0]
        raise ProviderError(f"{_UNUSABLE} {error.message}", detail=detail) from error


def _cost(request: PictureRequest, answer: PictureAnswer) -> float | None:
    """Return what the provider says, or what its prices for tokens come to."""
    if answer.cost_usd is not None or request.input_image is not None:
        return answer.cost_usd  # the tokens of a picture to change have a price of their own
    price = price_of(
        request.provider,
        request.model,
        answer.input_tokens,
        answer.output_tokens,
        base_url=request.base_url,
    )
    return None if price is None else float(price)
