"""Pictures made for a test: small files of every kind, and some that lie."""

import io
import struct
import zlib

from PIL import Image


def drawn(
    form: str = "PNG", size: tuple[int, int] = (40, 20), colour: str = "red", **saved: object
) -> bytes:
    """Return a picture of one colour as a file."""
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, form, **saved)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return a picture, decoded."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def claiming(width: int, height: int) -> bytes:
    """Return a PNG of a hundred bytes whose header speaks of a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def webp_claiming(width: int, height: int) -> bytes:
    """Return the beginning of a WebP whose canvas is that large."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body
