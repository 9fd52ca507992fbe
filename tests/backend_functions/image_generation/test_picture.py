"""A provider of pictures is asked in its own words, and believed as little as a stranger."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PIL import Image

from backend_functions.errors import (
    InvalidRequest,
    NotConfigured,
    ProviderBusy,
    ProviderError,
    ProviderIncomplete,
    ProviderRefused,
    ProviderRejectedKey,
    ProviderUnreachable,
)
from backend_functions.providers.failures import is_retryable
from tests.backend_functions.image_generation.conftest import LIMITS, Make
from tests.support.http_upstream import HttpUpstream, Writer, whole
from tests.support.imagerouter import KEY, MODEL, ImageRouter
from tests.support.picture_files import colour_of, png_of, with_metadata


class Trap(HttpUpstream):
    """A service that nobody was meant to reach."""

    async def answer(self, request: object, writer: Writer) -> None:
        writer.write(whole(200, "image/png", png_of("trap")))
        await writer.drain()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    async with Trap().running() as trap:
        yield trap


async def test_imagerouter_makes_the_picture_that_was_asked_for(
    make: Make, imagerouter: ImageRouter
) -> None:
    picture = await make(prompt="a fox", quality="high", size="96x48")

    shown = Image.open(io.BytesIO(picture.png))
    assert (shown.format, shown.size, shown.getpixel((5, 5))) == (
        "PNG",
        (96, 48),
        colour_of("a fox"),
    )
    assert (picture.width, picture.height) == (96, 48)
    assert (picture.model, picture.cost_usd) == (MODEL, 0.004)
    assert imagerouter.targets == ["/v1/openai/images/generations"]
    assert imagerouter.made == [
        {
            "model": "test/test",
            "prompt": "a fox",
            "quality": "high",
            "size": "96x48",
            "response_format": "b64_ephemeral",
        }
    ]


async def test_a_server_of_openais_endpoint_is_asked_by_its_own_row(
    make: Make, imagerouter: ImageRouter
) -> None:
    await make("gpt-image-1", provider="openai")
    await make("mine", provider="openai-compatible")

    assert [request for request in imagerouter.requests if request] == [
        {"model": "gpt-image-1", "prompt": "a fox"},
        {"model": "mine", "prompt": "a fox", "response_format": "b64_json"},
    ]
    assert len(imagerouter.fetched) == 1, "the first one answered with a URL"


async def test_a_picture_is_changed_and_takes_no_secrets_along(
    make: Make, imagerouter: ImageRouter
) -> None:
    picture = await make(input_image=with_metadata("my address"), prompt="older")

    assert imagerouter.targets == ["/v1/openai/images/edits"]
    sent = imagerouter.requests[0]
    assert (sent["prompt"], sent["model"]) == ("older", MODEL)
    assert Image.open(io.BytesIO(sent["image"])).size == (32, 32)
    assert b"my address" not in sent["image"]
    assert picture.width == 64


@pytest.mark.parametrize("model", ["url", "heartbeats", "gives-jpeg", "gives-webp"])
async def test_however_it_comes_it_is_kept_as_png(
    make: Make, imagerouter: ImageRouter, model: str
) -> None:
    picture = await make(model)

    assert Image.open(io.BytesIO(picture.png)).format == "PNG"
    assert not any("authorization" in headers for headers in imagerouter.headers[1:])


async def test_a_slow_picture_is_waited_for_longer_than_a_text(
    imagerouter: ImageRouter, make: Make
) -> None:
    imagerouter.delay_seconds = 0.4  # longer than the client waits for a text to begin

    assert (await make()).width == 64
    with pytest.raises(ProviderUnreachable, match="took too long"):
        await make("waits", limits=replace(LIMITS, picture_seconds=0.2))


FAILURES: dict[str, tuple[type[ProviderError], bool, str]] = {
    "402": (ProviderBusy, False, "credits are used up"),
    "no-credits": (ProviderBusy, False, "credits are used up"),
    "403": (ProviderRejectedKey, False, "rejected its key"),
    "429": (ProviderBusy, True, "busy"),
    "500": (ProviderError, True, "failed"),
    "503": (ProviderBusy, True, "busy"),
    "moderated": (ProviderRefused, False, "moderation refused"),
    "moderated-late": (ProviderRefused, False, "moderation refused"),
    "failed-late": (ProviderError, True, "failed"),
    "gone/model": (ProviderRefused, False, "refused"),
    "hangs-up": (ProviderUnreachable, True, "could not be reached"),
    "cut": (ProviderIncomplete, False, "broke off"),
    "redirect": (ProviderError, False, "failed"),
    "html": (ProviderError, False, "failed"),
    "not-json": (ProviderError, False, "failed"),
    "empty": (ProviderError, False, "sent no picture"),
    "b64-garbage": (ProviderError, False, "sent no picture"),
    "flood": (ProviderError, False, "failed"),
    "gives-html": (ProviderError, False, "no picture"),
    "gives-svg": (ProviderError, False, "no picture"),
    "gives-bomb": (ProviderError, False, "too large"),
    "gives-animated": (ProviderError, False, "moves"),
    "gives-cut-png": (ProviderError, False, "broken"),
    "url-gone": (ProviderError, False, "could not be fetched"),
    "url-broken": (ProviderError, False, "could not be fetched"),
    "url-flood": (ProviderError, False, "could not be fetched"),
    "url-redirect": (ProviderError, False, "could not be fetched"),
    "url-elsewhere": (ProviderError, False, "does not follow"),
    "url-of-a-file": (ProviderError, False, "does not follow"),
    "url-html": (ProviderError, False, "no picture"),
}


async def test_each_failure_is_told_in_words_and_asked_again_only_where_it_costs_nothing(
    make: Make, imagerouter: ImageRouter, trap: Trap
) -> None:
    imagerouter.elsewhere = f"http://127.0.0.1:{trap.port}/picture.png"
    found: dict[str, tuple[type[ProviderError], bool, str]] = {}
    for model, (_, _, words) in FAILURES.items():
        with pytest.raises(ProviderError) as caught:
            await make(model)
        error = caught.value
        said = words if words in error.message else error.message
        found[model] = type(error), is_retryable(error), said
        assert KEY not in f"{error.message} {error.detail} {error!r} {error.__cause__!r}"

    assert found == FAILURES
    assert trap.requests == [], "what is beside us was not called"
    assert imagerouter.fetched.count("broken") == 3, "what is paid for is fetched once more"


async def test_a_link_by_a_name_of_this_machine_is_not_followed_either(
    make: Make, imagerouter: ImageRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: Writer) -> None:
        came.append("somebody")
        writer.close()

    async def resolve(
        self: object, host: str, port: int = 0, family: int = 0
    ) -> list[dict[str, object]]:
        known = {"family": socket.AF_INET, "proto": 0, "flags": 0}
        return [{"hostname": host, "host": "127.0.0.1", "port": port, **known}]

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", resolve)
    monkeypatch.setattr("aiohttp.resolver.AsyncResolver.resolve", resolve, raising=False)
    server = await asyncio.start_server(note, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        imagerouter.elsewhere = f"https://pictures.example:{port}/a.png"
        with pytest.raises(ProviderError, match="fetching") as caught:
            await make("url-elsewhere")

    assert "could not be fetched" in caught.value.message
    assert came == []


async def test_how_long_a_busy_provider_asks_to_wait_is_known(make: Make) -> None:
    with pytest.raises(ProviderBusy) as caught:
        await make("429-for-an-hour")

    assert caught.value.retry_after_seconds == 3600


async def test_without_what_it_needs_nothing_is_asked(make: Make, imagerouter: ImageRouter) -> None:
    with pytest.raises(NotConfigured):
        await make(key=None)
    with pytest.raises(InvalidRequest, match="makes no pictures"):
        await make(provider="anthropic")
    with pytest.raises(InvalidRequest, match="does not call"):
        await make(base_url="https://10.0.0.1/v1")
    with pytest.raises(InvalidRequest, match="no picture"):
        await make(input_image=b"<svg>")

    assert imagerouter.requests == []


async def test_pictures_are_made_side_by_side(make: Make, imagerouter: ImageRouter) -> None:
    asking = asyncio.gather(*(make("waits", prompt=f"fox {n}") for n in range(5)))
    while imagerouter.open_streams < 5:
        await asyncio.sleep(0.01)
    imagerouter.release.set()

    pictures = await asking

    assert len({picture.png for picture in pictures}) == 5
