"""What a local file is, told by its bytes; pure."""

from typing import Final

_BEGINNINGS: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"%PDF-": "application/pdf",
}
_SUFFIXES: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
HEAD_BYTES: Final = 4096
"""How much of a file is looked at to tell what it is."""


def kind_of(head: bytes) -> str | None:
    """Return the media type that the first bytes of a file speak of; None for what is no kind.

    Args:
        head: The first `HEAD_BYTES` of the file, all of a shorter one.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    for beginning, kind in _BEGINNINGS.items():
        if head.startswith(beginning) and (beginning != b"BM" or b"\x00" in head):
            return kind
    return "text/plain" if _is_text(head) else None


def is_picture(media_type: str | None) -> bool:
    """Say whether a media type is that of a picture."""
    return (media_type or "").startswith("image/")


def kind_told(media_type: str | None) -> str:
    """Return a media type as people read it: `PNG`, `PDF`, `text`; not harmless."""
    if (media_type or "").startswith("text/"):
        return "text"
    return (media_type or "").partition(";")[0].rpartition("/")[2].upper() or "?"


def suffix_of(media_type: str) -> str:
    """Return the end of a file name for a media type of `kind_of`."""
    return _SUFFIXES[media_type]


def size_told(size: int) -> str:
    """Return a number of bytes as people read it: `512 B`, `34 KB`, `1.2 MB`."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} KB"
    return f"{size / 1_000_000:.1f} MB"


def _is_text(head: bytes) -> bool:
    if not head or b"\x00" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character may be cut in two where the head ends.
        return len(head) == HEAD_BYTES and error.start >= HEAD_BYTES - 3
    return True
