"""Files that are pictures, or pretend to be, made for a test."""

import hashlib
import io
import struct
import zlib
from functools import lru_cache

from PIL import Image, PngImagePlugin

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@lru_cache(maxsize=64)
def png_of(prompt: str, width: int = 64, height: int = 64) -> bytes:
    """Return a PNG whose colour is that of the prompt: equal prompts, equal bytes."""
    return encoded(_picture(prompt, width, height), "PNG")


def colour_of(prompt: str) -> tuple[int, int, int]:
    """Return the colour that `png_of` fills its picture with."""
    red, green, blue = hashlib.sha256(prompt.encode()).digest()[:3]
    return red, green, blue


def encoded(picture: Image.Image, format: str, **options: object) -> bytes:
    """Return a picture as a file of a format."""
    target = io.BytesIO()
    picture.save(target, format, **options)
    return target.getvalue()


def _picture(prompt: str, width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), colour_of(prompt))


def photo(width: int = 640, height: int = 480, *, seed: int = 7) -> Image.Image:
    """Return a picture that compresses as badly as a photograph does."""
    noise = Image.effect_noise((max(width // 8, 1), max(height // 8, 1)), 60 + seed)
    bands = [noise.resize((width, height)), noise.rotate(90).resize((width, height))]
    return Image.merge("RGB", (*bands, Image.linear_gradient("L").resize((width, height))))


def with_metadata(secret: str) -> bytes:
    """Return a PNG that tells more than a picture: words, Exif with a place, a colour profile."""
    picture = _picture(secret, 32, 32)
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", secret)
    words.add_itxt("Comment", secret, zip=True)
    exif = Image.Exif()
    exif[0x010E] = secret
    return encoded(picture, "PNG", pnginfo=words, exif=exif, icc_profile=secret.encode())


def turned() -> bytes:
    """Return a JPEG of 40 by 20 pixels that asks to be shown turned by a quarter, red side up."""
    picture = Image.new("RGB", (40, 20), (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture, "JPEG", exif=exif, quality=95)


def animated(format: str = "PNG") -> bytes:
    """Return a picture that moves: red, then blue."""
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    return encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=100)


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """Return a PNG of a few bytes that says it has so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND")


def word_bomb(size: int = 200 * 1024 * 1024) -> bytes:
    """Return a PNG whose compressed words are `size` bytes long when unpacked."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(size // 1024**2))
    words = _chunk(b"zTXt", b"Comment\0\0" + packed + packer.flush())
    plain = png_of("words")
    return plain[:33] + words + plain[33:]


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
