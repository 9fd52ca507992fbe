"""An ImageRouter, and what asks it for pictures."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest

from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.image_generation.picture import Picture, PictureRequest, make_picture
from backend_functions.picture_reencoding import PictureReencoder, open_reencoder
from backend_functions.settings import Limits
from tests.support.imagerouter import KEY, MODEL, ImageRouter

Make = Callable[..., Coroutine[Any, Any, Picture]]
LIMITS = Limits(connect_seconds=2, response_seconds=0.3, idle_seconds=5, picture_seconds=20)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetch again without a pause."""
    monkeypatch.setattr("backend_functions.image_generation.picture._FETCH_PAUSES", (0.0, 0.0))


@pytest.fixture
async def imagerouter() -> AsyncIterator[ImageRouter]:
    async with ImageRouter().running() as running:
        yield running


@pytest.fixture
async def reencoder() -> AsyncIterator[PictureReencoder]:
    async with open_reencoder() as reencoder:
        yield reencoder


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(EgressPolicy(allow_loopback=True), LIMITS) as client:
        yield client


@pytest.fixture
def make(imagerouter: ImageRouter, http: httpx.AsyncClient, reencoder: PictureReencoder) -> Make:
    """Have a picture made by the ImageRouter of this test, unless told otherwise."""

    async def make(
        model: str = MODEL,
        *,
        prompt: str = "a fox",
        key: str | None = KEY,
        limits: Limits = LIMITS,
        **changes: Any,
    ) -> Picture:
        usual = {"provider": "imagerouter", "base_url": imagerouter.base_url}
        wanted = usual | {"quality": None, "size": None} | changes
        request = PictureRequest(prompt, model, **wanted)
        policy = EgressPolicy(allow_loopback=True)
        return await make_picture(request, key, http, policy, reencoder, limits)

    return make
