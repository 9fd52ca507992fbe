"""Pictures made fit to be sent or shown; the only module that knows Pillow.

Pillow is imported on first use, so that nothing without a picture pays for it. The size that a
header tells is looked at before anything is decoded, and a file that lies is stopped by Pillow.

Rule for what is sent: the longest side has at most 2048 pixels; the orientation that a camera
noted is applied; place, time, camera and all else that is noted in the file is dropped; of a
moving picture the first frame is taken; it is a PNG or JPEG. A picture that is so already is sent
byte for byte.
"""

import io
import struct
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pocketllm_cli.errors import UnreadablePicture

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_SIDE: Final = 2048
"""Pixels of the longest side that models take without scaling it down themselves."""
MOST_PIXELS: Final = 50_000_000
"""Pixels a picture may have, all together: 200 MB while it is decoded."""

_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
_JPEG_QUALITY: Final = 90
_NOTES: Final = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop", "iptc"})
_SENT_AS: Final = frozenset({"PNG", "JPEG"})


@dataclass(frozen=True, slots=True)
class FittedPicture:
    """A picture as it is sent, `image/png` or `image/jpeg`."""

    media_type: str
    data: bytes


def fitted(data: bytes) -> FittedPicture | None:
    """Return a picture as it is sent, or None for one that is fit as it is.

    Raises:
        UnreadablePicture: It is broken, of a kind nobody reads, or has too many pixels.
    """
    try:
        with _opened(data) as picture:
            if _is_fit(picture):
                picture.load()  # broken ones are found here rather than by the model
                return None
            wanted = "JPEG" if picture.format == "JPEG" else "PNG"
            return _encoded(_upright(picture, (LONGEST_SIDE, LONGEST_SIDE)), wanted)
    except _failures() as error:
        raise _problem(error) from error


def thumbnail(data: bytes, longest_side: int) -> bytes:
    """Return a picture as a small PNG without anything noted in it, to be shown.

    Raises:
        UnreadablePicture: It is broken, of a kind nobody reads, or has too many pixels.
    """
    try:
        with _opened(data) as picture:
            return _encoded(_upright(picture, (longest_side, longest_side)), "PNG").data
    except _failures() as error:
        raise _problem(error) from error


@cache
def _pillow() -> Any:
    from PIL import Image, ImageOps

    # Ours is the lower limit; what passes it by lying in the header meets Pillow's own.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    return Image, ImageOps


def _failures() -> tuple[type[Exception], ...]:
    """Return what Pillow raises for files that are not what they should be."""
    image, _ = _pillow()
    bombs = (image.DecompressionBombError, image.DecompressionBombWarning)
    # Decoders of single formats let through what they stumbled over.
    broken = (OSError, SyntaxError, ValueError, EOFError, struct.error, OverflowError, IndexError)
    return (*bombs, *broken, MemoryError, KeyError, TypeError)


def _opened(data: bytes) -> "Image":
    if _webp_pixels(data) > MOST_PIXELS:  # its decoder makes room for the whole while it opens
        raise UnreadablePicture(_too_many())
    image, _ = _pillow()
    picture: Image = image.open(io.BytesIO(data), formats=_FORMATS)
    if picture.width * picture.height > MOST_PIXELS:
        raise UnreadablePicture(_too_many())
    return picture


def _is_fit(picture: "Image") -> bool:
    is_small = max(picture.size) <= LONGEST_SIDE
    is_still = not getattr(picture, "is_animated", False)
    texts = getattr(picture, "text", None)  # of PNG; reading it reads to the file's end
    is_silent = not (_NOTES & picture.info.keys()) and not texts and not picture.getexif()
    return picture.format in _SENT_AS and is_small and is_still and is_silent


def _upright(picture: "Image", most: tuple[int, int]) -> "Image":
    """Return the first frame as a person holds it, no larger than `most`, with nothing noted."""
    _, ops = _pillow()
    picture.draft(None, most)  # a JPEG is decoded smaller at once
    upright: Image = ops.exif_transpose(picture)
    has_clear_parts = upright.mode in {"LA", "PA", "RGBA"} or "transparency" in upright.info
    if upright.mode not in {"L", "RGB", "RGBA"}:
        upright = upright.convert("RGBA" if has_clear_parts else "RGB")
    upright.thumbnail(most)
    return upright


def _encoded(picture: "Image", wanted: str) -> FittedPicture:
    is_jpeg = wanted == "JPEG" and picture.mode != "RGBA"
    target = io.BytesIO()
    picture.info = {}  # what is noted there would be written too
    if is_jpeg:
        picture.save(target, "JPEG", quality=_JPEG_QUALITY)
    else:
        picture.save(target, "PNG", compress_level=6)
    return FittedPicture("image/jpeg" if is_jpeg else "image/png", target.getvalue())


def _webp_pixels(data: bytes) -> int:
    """Return the pixels that the header of a WebP speaks of, 0 for another file.

    Source: https://developers.google.com/speed/webp/docs/riff_container#extended_file_format
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return 0
    if data[12:16] == b"VP8X":
        width, height = data[24:27], data[27:30]
        return (int.from_bytes(width, "little") + 1) * (int.from_bytes(height, "little") + 1)
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    width, height = data[26:28], data[28:30]
    return (int.from_bytes(width, "little") & 0x3FFF) * (int.from_bytes(height, "little") & 0x3FFF)


def _problem(error: Exception) -> UnreadablePicture:
    image, _ = _pillow()
    if isinstance(error, image.DecompressionBombError | image.DecompressionBombWarning):
        return UnreadablePicture(_too_many())
    return UnreadablePicture()


def _too_many() -> str:
    return f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels."
