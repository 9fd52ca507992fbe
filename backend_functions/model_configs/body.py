"""What a client may say about a model config."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from backend_functions.http import Line, no_nul

Text = Annotated[str, AfterValidator(no_nul)]
Number = Annotated[float, Field(allow_inf_nan=False)]


def _header_safe(key: SecretStr) -> SecretStr:
    value = key.get_secret_value()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be printable ASCII without spaces")
    return key


ApiKey = Annotated[SecretStr, Field(min_length=1, max_length=4096), AfterValidator(_header_safe)]


class ConfigChange(BaseModel):
    """Any of a config's settings; what is not named stays as it is."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[Line, Field(min_length=1, max_length=100)] = ""
    provider: Annotated[Line, Field(min_length=1, max_length=60)] = ""
    model: Annotated[Line, Field(min_length=1, max_length=200)] = ""
    base_url: Annotated[Line, Field(max_length=2000)] | None = None
    system_prompt: Annotated[Text, Field(max_length=100_000)] | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    frequency_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[Number, Field(ge=-2, le=2)] | None = None
    is_default: bool = False
    api_key: ApiKey | None = None

    def columns(self) -> dict[str, Any]:
        """Return what was named, by column; the key is not a column a client writes."""
        return self.model_dump(exclude_unset=True, exclude={"api_key"})


class NewConfig(ConfigChange):
    """A whole config: these three must be named."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    provider: Annotated[Line, Field(min_length=1, max_length=60)]
    model: Annotated[Line, Field(min_length=1, max_length=200)]
