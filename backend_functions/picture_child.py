"""A process of its own that decodes pictures and writes them anew: from stdin, to stdout.

A picture may be made to fill the memory, or to use a fault of a decoder. So it is decoded where
that harms nobody: bounded by the system in memory, with an empty environment. It imports nothing
of ours, and lives for many pictures, since starting it costs more than most of them.

One request: the length of the data and the side of a square (0: none), 4 bytes each, then the data.
One answer: the lengths of a JSON head and of a PNG, 4 bytes each, then both. The head has `width`
and `height`, or `problem` and no PNG follows.
"""

import io
import json
import struct
import sys
import warnings
from typing import IO, Any, Final

from PIL import Image, ImageOps, UnidentifiedImageError

MOST_PIXELS: Final = 32 * 1024 * 1024
MOST_BYTES_OF_MEMORY: Final = 1024 * 1024 * 1024
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_COMPRESSION: Final = 3
"""A third of the time of zlib's usual 6, for a file that is less than a tenth larger."""
_LENGTHS: Final = struct.Struct(">II")


class Refused(Exception):
    """Why a picture is not taken: a word, and what it is about."""


def main() -> None:
    """Answer requests until there are no more."""
    _bound()
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # `_open` is stricter, and says how large it was
    Image.init()  # before memory is short
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while lengths := requests.read(_LENGTHS.size):
        size, square = _LENGTHS.unpack(lengths)
        _answer(answers, requests.read(size), square)


def _bound() -> None:
    try:
        import resource
    except ImportError:  # Windows; whoever started us ends us in time there too
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES_OF_MEMORY, MOST_BYTES_OF_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(answers: IO[bytes], data: bytes, square: int) -> None:
    try:
        head, png = reencode(data, square)
    except Refused as refusal:
        head, png = {"problem": refusal.args[0], "about": refusal.args[1]}, b""
    said = json.dumps(head).encode()
    answers.write(_LENGTHS.pack(len(said), len(png)) + said)
    answers.write(png)
    answers.flush()


def reencode(data: bytes, square: int) -> tuple[dict[str, Any], bytes]:
    """Return what a picture shows as a PNG that holds nothing else.

    Args:
        data: A still PNG, JPEG or WebP.
        square: The most pixels a side of the largest square from its middle; 0 takes all of it.

    Raises:
        Refused: It is something else, too large, or broken.
    """
    try:
        picture = _plain(_open(data))
        if square:
            side = min(square, *picture.size)
            picture = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
        target = io.BytesIO()
        picture.save(target, "PNG", compress_level=_COMPRESSION)
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError, struct.error) as error:
        # What Pillow's decoders let through about files that are not well formed.
        raise Refused("broken", type(error).__name__) from error
    return {"width": picture.width, "height": picture.height}, target.getvalue()


def _open(data: bytes) -> Image.Image:
    """Read a picture's head, and nothing after it before its size is known to be taken."""
    try:
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise Refused("no picture", "") from error
    if picture.width * picture.height > MOST_PIXELS:
        raise Refused("too large", f"{picture.width} x {picture.height}")
    if getattr(picture, "is_animated", False):
        raise Refused("moves", "")
    return picture


def _plain(picture: Image.Image) -> Image.Image:
    """Return the pixels alone, the way up they are meant to be seen."""
    picture.load()
    if picture.mode.startswith("I"):  # 16 bits a pixel, which `convert` would cut off at 255
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    upright = ImageOps.exif_transpose(picture)
    sees_through = upright.has_transparency_data
    plain = upright.convert("RGBA" if sees_through else "RGB")
    plain.info.clear()  # words, places, profiles: what `save` would write along
    return plain


if __name__ == "__main__":
    main()
