"""Pictures are made fit for models, and what would harm is never decoded."""

import io

import pytest
from PIL import Image

from pocketllm_cli.errors import UnreadablePicture
from pocketllm_cli.pictures import LONGEST_SIDE, fitted, thumbnail
from tests.pocketllm_cli.drawn import claiming, drawn, opened, webp_claiming


def noted(**values: object) -> bytes:
    """A JPEG, 40 wide, that a camera held on its side took somewhere."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera"
    return drawn("JPEG", (40, 20), exif=exif)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_small_plain_picture_is_sent_as_it_is(form: str) -> None:
    assert fitted(drawn(form)) is None


def test_a_large_picture_is_scaled_and_keeps_its_shape() -> None:
    picture = fitted(drawn("JPEG", (4096, 1024)))

    assert picture is not None
    assert picture.media_type == "image/jpeg"
    assert opened(picture.data).size == (LONGEST_SIDE, 512)


def test_a_photo_is_turned_upright_and_tells_nothing_of_camera_or_place() -> None:
    picture = fitted(noted())

    assert picture is not None
    shown = opened(picture.data)
    assert shown.size == (20, 40)
    assert not shown.getexif()
    assert b"Camera" not in picture.data


def test_words_hidden_in_a_picture_are_dropped() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Location", "59.91, 10.75")
    picture = fitted(drawn("PNG", pnginfo=notes))

    assert picture is not None
    assert b"59.91" not in picture.data


def test_of_a_moving_picture_the_first_frame_is_sent() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    target = io.BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])

    picture = fitted(target.getvalue())

    assert picture is not None
    assert picture.media_type == "image/png"
    assert opened(picture.data).convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_what_is_clear_stays_clear() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (4000, 10), (0, 0, 0, 0)).save(target, "WEBP", lossless=True)

    picture = fitted(target.getvalue())

    assert picture is not None
    assert opened(picture.data).mode == "RGBA"


@pytest.mark.parametrize(
    "data",
    [claiming(60_000, 60_000), claiming(9_000, 9_000), webp_claiming(16_000, 16_000)],
    ids=["png", "just-too-large", "webp"],
)
def test_a_bomb_is_refused_before_it_is_decoded(data: bytes) -> None:
    for use in (fitted, lambda each: thumbnail(each, 100)):
        with pytest.raises(UnreadablePicture, match="million pixels"):
            use(data)


@pytest.mark.parametrize(
    "data",
    [drawn("PNG")[:60], drawn("JPEG", (200, 200))[:300], claiming(10, 10), b"\xff\xd8\xff\xe0junk"],
    ids=["cut-png", "cut-jpeg", "empty-png", "junk"],
)
def test_a_broken_picture_is_said_to_be_one(data: bytes) -> None:
    with pytest.raises(UnreadablePicture, match="cannot be read"):
        fitted(data)


def test_a_thumbnail_is_a_small_png() -> None:
    shown = opened(thumbnail(noted(), 10))

    assert (shown.format, shown.size) == ("PNG", (5, 10))
