"""What a file is, told by its bytes; pure."""

from dataclasses import replace

from backend_functions.errors import InvalidRequest
from backend_functions.providers.base import Attachment, Document, Image

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def as_attachment(name: str, data: bytes) -> Attachment:
    """Return a file as what its bytes say it is, whatever its name says.

    Raises:
        InvalidRequest: It is neither a picture, a PDF nor text, or it is empty.
    """
    if (picture := _picture_type(data)) is not None:
        return Image(picture, data, name)
    if data.startswith(b"%PDF-"):
        return Document("application/pdf", data, name)
    if data and b"\x00" not in data and _is_utf8(data):
        return Document("text/plain", data, name)
    raise InvalidRequest(f"{name} is neither a picture (PNG, JPEG, GIF, WebP), a PDF nor text.")


def stored_attachment(path: str, data: bytes) -> Attachment:
    """Return a stored file as `as_attachment` does; a document knows where it is stored.

    Raises:
        InvalidRequest: As there.
    """
    attachment = as_attachment(path.rpartition("/")[2], data)
    return replace(attachment, path=path) if isinstance(attachment, Document) else attachment


def _picture_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _PICTURES.items() if data.startswith(magic)), None)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
