"""What OpenAI's images endpoint is asked and what it answers; pure.

OpenAI, ImageRouter and many servers one runs oneself speak it. They answer with the picture in
base64 or with a URL of it, whatever they were asked for.

Source: https://platform.openai.com/docs/api-reference/images,
https://docs.imagerouter.io/api-reference/image-generation
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson
from httpx import Request

from backend_functions.errors import ProviderBusy, ProviderError
from backend_functions.providers.failures import parse_failure
from backend_functions.providers.reader import count_of, object_of, text_of

ResponseFormat = Literal["b64_json", "b64_ephemeral"]
_NO_CREDITS: Final = "insufficient credits"
_NOTHING: Final = "The provider sent no picture."


@dataclass(frozen=True, slots=True)
class PictureForm:
    """How one server of this endpoint differs from the others."""

    response_format: ResponseFormat | None = None
    """What is asked for; None where the server refuses to be asked. `b64_ephemeral` is
    ImageRouter's for a picture that it does not keep at a public address."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """One picture that is wanted."""

    prompt: str
    model: str
    quality: str | None
    size: str | None
    """`WIDTHxHEIGHT` in pixels, `auto`, or None, as the model takes them."""
    provider: str
    base_url: str | None
    """Of the config; None is where the provider is."""
    input_image: bytes | None = field(default=None, repr=False)
    """A picture to change; any that `PictureReencoder` takes."""


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """What came: the file itself or where it is, and what it cost."""

    data: bytes | None = field(repr=False)
    url: str | None
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None


def build_request(request: PictureRequest, form: PictureForm) -> tuple[str, str, bytes]:
    """Return the path below the base URL, the content type and the body.

    A picture to change goes to `edits` as a form of parts, everything else to `generations` as
    JSON; the PNG is `request.input_image` as it is.
    """
    wanted = {
        "model": request.model,
        "prompt": request.prompt,
        "quality": request.quality,
        "size": request.size,
        "response_format": form.response_format,
    }
    fields = {name: value for name, value in wanted.items() if value is not None}
    if request.input_image is None:
        return "images/generations", "application/json", orjson.dumps(fields)
    files = {"image": ("image.png", request.input_image, "image/png")}
    made = Request("POST", "http://form.invalid", data=fields, files=files)
    return "images/edits", made.headers["content-type"], made.read()


def parse_answer(document: object) -> PictureAnswer:
    """Return what an answer of status 200 holds.

    Raises:
        ProviderError: It reports a failure, or holds no picture.
    """
    answer = object_of(document)
    if error := answer.get("error"):
        raise failure_in_answer(error)
    items = answer.get("data")
    item = object_of(items[0]) if isinstance(items, list) and items else {}
    usage, cost = object_of(answer.get("usage")), answer.get("cost")
    encoded, url = text_of(item.get("b64_json")), text_of(item.get("url"))
    if not encoded and not url:
        raise ProviderError(_NOTHING, detail="no picture in the answer")
    return PictureAnswer(
        data=_decode(encoded) if encoded else None,
        url=url or None,
        cost_usd=float(cost) if isinstance(cost, int | float) and 0 <= cost < 1e6 else None,
        input_tokens=count_of(usage.get("input_tokens")),
        output_tokens=count_of(usage.get("output_tokens")),
    )


def _decode(encoded: str) -> bytes:
    if encoded.startswith("data:"):
        encoded = encoded.partition(",")[2]
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProviderError(_NOTHING, detail="not base64") from error


def failure_in_answer(error: object) -> ProviderError:
    """Return the failure that an answer of status 200 reports.

    ImageRouter tells so of all that fails after the head was sent. Of a lack of credits its only
    sign is the sentence itself, which begins with these words.
    """
    message = text_of(object_of(error).get("message"))
    if message.lower().startswith(_NO_CREDITS):
        return ProviderBusy(detail=f"no credits: {message}", upstream_status=402)
    return parse_failure(error)
