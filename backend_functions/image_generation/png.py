"""What the head of a PNG tells."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_size(png: bytes) -> tuple[int, int]:
    """Return width and height in pixels.

    Raises:
        ValueError: It is no PNG.

    Source: https://www.w3.org/TR/png-3/#11IHDR
    """
    if png[:8] != _SIGNATURE or png[12:16] != b"IHDR" or len(png) < 33:
        raise ValueError("not a PNG")
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
