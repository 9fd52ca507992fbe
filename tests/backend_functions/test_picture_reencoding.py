"""A picture from outside is drawn anew, where one that is made to harm harms nobody."""

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from PIL import Image

from backend_functions.errors import InvalidRequest, ServiceError, TooLarge
from backend_functions.picture_reencoding import MOST_BYTES, PictureReencoder, open_reencoder
from tests.support.picture_files import (
    HTML,
    SVG,
    animated,
    bomb,
    encoded,
    photo,
    png_of,
    turned,
    with_metadata,
    word_bomb,
)


@pytest.fixture
async def reencoder() -> AsyncIterator[PictureReencoder]:
    async with open_reencoder() as reencoder:
        yield reencoder


def chunks(png: bytes) -> set[bytes]:
    """The kinds of chunks in a PNG."""
    kinds, place = set(), 8
    while place < len(png):
        kinds.add(png[place + 4 : place + 8])
        place += 12 + int.from_bytes(png[place : place + 4])
    return kinds


def opened(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    picture.load()
    return picture


async def test_the_pixels_are_kept_and_nothing_else(reencoder: PictureReencoder) -> None:
    before = with_metadata("my address") + b"a second file behind it"

    made = await reencoder.reencode(before)

    assert chunks(made.data) == {b"IHDR", b"IDAT", b"IEND"}
    assert opened(made.data).tobytes() == opened(before).tobytes()
    assert b"my address" not in made.data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
async def test_every_kind_of_pixels_is_taken(reencoder: PictureReencoder, mode: str) -> None:
    grey = Image.linear_gradient("L")
    before = Image.new(mode, grey.size) if mode == "I;16" else grey.convert(mode)
    if mode == "I;16":
        before.putdata([value * 256 for value in grey.get_flattened_data()])

    made = await reencoder.reencode(encoded(before, "JPEG" if mode == "CMYK" else "PNG"))

    after = opened(made.data)
    assert after.mode == ("RGBA" if mode in ("LA", "RGBA") else "RGB")
    assert after.convert("RGB").getpixel((100, 0)) == (0, 0, 0)
    assert after.convert("RGB").getpixel((100, 255)) == (255, 255, 255)


async def test_a_picture_is_the_way_up_its_camera_said(reencoder: PictureReencoder) -> None:
    made = await reencoder.reencode(turned())

    assert (made.width, made.height) == (20, 40)
    red, _, blue = opened(made.data).convert("RGB").getpixel((10, 5))  # type: ignore[misc]
    assert red > 200 > 50 > blue


async def test_a_square_is_cut_from_the_middle_and_never_blown_up(
    reencoder: PictureReencoder,
) -> None:
    wide = await reencoder.reencode(encoded(photo(640, 480), "JPEG"), square=128)
    small = await reencoder.reencode(png_of("small", 30, 20), square=128)

    assert (wide.width, wide.height) == (128, 128)
    assert (small.width, small.height) == (20, 20)


@dataclass(frozen=True, slots=True)
class Bad:
    data: bytes
    kind: type[ServiceError]
    words: str


BAD = {
    "a bomb": Bad(bomb(), TooLarge, "32 megapixels"),
    "a bomb of words": Bad(word_bomb(8 * 1024 * 1024), InvalidRequest, "broken"),
    "cut off": Bad(png_of("cut", 300, 300)[:-50], InvalidRequest, "broken"),
    "a moving PNG": Bad(animated(), InvalidRequest, "moves"),
    "a moving WebP": Bad(animated("WEBP"), InvalidRequest, "moves"),
    "a GIF": Bad(animated("GIF"), InvalidRequest, "no picture"),
    "an SVG": Bad(SVG, InvalidRequest, "no picture"),
    "a page": Bad(HTML, InvalidRequest, "no picture"),
    "a TIFF": Bad(encoded(photo(8, 8), "TIFF"), InvalidRequest, "no picture"),
    "nothing": Bad(b"", InvalidRequest, "no picture"),
    "a beginning": Bad(b"\x89PNG\r\n\x1a\n", InvalidRequest, "no picture"),
    "too many bytes": Bad(bytes(MOST_BYTES + 1), TooLarge, "32 MiB"),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_is_no_still_picture_of_bounded_size_is_refused_in_words(
    reencoder: PictureReencoder, what: str
) -> None:
    with pytest.raises(BAD[what].kind) as caught:
        await reencoder.reencode(BAD[what].data)
    assert BAD[what].words in caught.value.message

    made = await reencoder.reencode(png_of("next"))
    assert made.width == 64, "the next one is taken as if nothing had been"


async def test_no_more_is_taken_from_the_process_than_what_storage_takes(
    reencoder: PictureReencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reencoder.reencode(png_of("first"))
    assert reencoder._child is not None
    first = reencoder._child
    with monkeypatch.context() as patch:
        patch.setattr("backend_functions.picture_reencoding._MOST_PNG_BYTES", 64)
        with pytest.raises(TooLarge, match="as a PNG"):
            await reencoder.reencode(png_of("second"))

    assert first.returncode is not None, "it was ended with what it still had to say"
    assert (await reencoder.reencode(png_of("third"))).width == 64


async def test_the_largest_picture_that_is_taken_fits_the_memory(
    reencoder: PictureReencoder,
) -> None:
    made = await reencoder.reencode(encoded(Image.new("RGBA", (8192, 4096)), "PNG"))

    assert (made.width, made.height) == (8192, 4096)


async def test_a_process_that_was_killed_or_left_waiting_is_replaced(
    reencoder: PictureReencoder,
) -> None:
    await reencoder.reencode(png_of("first"))
    assert reencoder._child is not None
    first = reencoder._child.pid
    os.kill(first, signal.SIGKILL)
    await reencoder._child.wait()
    assert (await reencoder.reencode(png_of("second"))).width == 64

    os.kill(reencoder._child.pid, signal.SIGSTOP)
    asking = asyncio.create_task(reencoder.reencode(png_of("given up")))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    made = await asyncio.gather(*(reencoder.reencode(png_of(f"{n}")) for n in range(5)))
    assert [opened(one.data).getpixel((0, 0)) for one in made] == [
        opened(png_of(f"{n}")).getpixel((0, 0)) for n in range(5)
    ]
