"""What a client may ask for: never an address, a key or a provider."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from backend_functions.http import no_nul

MAX_PROMPT_CHARACTERS = 32_000

_Word = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:+x-]*$", min_length=1, max_length=40)
]


def _no_nul_if_any(text: str | None) -> str | None:
    return None if text is None else no_nul(text)


class ImageGenerationBody(BaseModel):
    """One picture. The same as `jobs.input_data` of a job of this type."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    prompt: Annotated[
        str, AfterValidator(no_nul), Field(min_length=1, max_length=MAX_PROMPT_CHARACTERS)
    ]
    model_id: Annotated[
        str | None,
        Field(alias="modelId"),
        StringConstraints(pattern=r"^[^\x00-\x20\x7f]+$", min_length=1, max_length=200),
    ] = None
    """A model of ImageRouter by its name, or the id of a model config of the user's."""
    quality: _Word | None = None
    size: _Word | None = None
    input_image: Annotated[
        str | None,
        Field(alias="inputImage"),
        AfterValidator(_no_nul_if_any),
        Field(max_length=1024),
    ] = None
    """The path of a picture to change, in the users' bucket."""
