"""Chooses the form of an answer from `Accept`."""

from dataclasses import dataclass
from typing import Literal

from backend_functions.gateway.rest.errors import RestError

Shape = Literal["array", "object", "csv"]


@dataclass(frozen=True, slots=True)
class Media:
    """The form of an answer: a JSON array, one JSON object, or CSV."""

    shape: Shape = "array"
    nulls_stripped: bool = False

    @property
    def content_type(self) -> str:
        """The value of the answer's `Content-Type`."""
        return f"{_CONTENT_TYPES[self]}; charset=utf-8"


_CONTENT_TYPES = {
    Media(): "application/json",
    Media("array", True): "application/vnd.pgrst.array+json; nulls=stripped",
    Media("object"): "application/vnd.pgrst.object+json",
    Media("object", True): "application/vnd.pgrst.object+json; nulls=stripped",
    Media("csv"): "text/csv",
}
_SHAPES: dict[str, Shape] = {
    "*/*": "array",
    "application/*": "array",
    "application/json": "array",
    "application/vnd.pgrst.array": "array",
    "application/vnd.pgrst.array+json": "array",
    "application/vnd.pgrst.object": "object",
    "application/vnd.pgrst.object+json": "object",
    "text/csv": "csv",
}


def choose_media(accept: str) -> Media:
    """Return the form the caller likes best among those there are; JSON if they do not say.

    Raises:
        RestError: There is none that they take (PGRST107).
    """
    offers = [_offer(part) for part in accept.split(",") if part.strip()]
    for quality, media in sorted(offers, key=lambda offer: -offer[0]):
        if media is not None and quality > 0:
            return media
    if not offers:
        return Media()
    raise RestError("PGRST107", f"None of these media types are available: {accept}")


def _offer(part: str) -> tuple[float, Media | None]:
    name, *parameters = (word.strip().lower() for word in part.split(";"))
    values = dict(parameter.partition("=")[::2] for parameter in parameters)
    shape = _SHAPES.get(name)
    stripped = "pgrst" in name and values.get("nulls") == "stripped"
    return _quality(values.get("q", "1")), None if shape is None else Media(shape, stripped)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
