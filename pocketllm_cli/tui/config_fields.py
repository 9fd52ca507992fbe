"""The fields of a model config's form: what each takes, and what becomes of what was typed."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pocketllm_cli.models import ModelConfig, Provider


@dataclass(frozen=True, slots=True)
class NumberField:
    """A number within bounds; empty leaves it to the backend."""

    label: str
    least: float
    most: float
    is_whole: bool = False


NUMBERS: Final[dict[str, NumberField]] = {
    "temperature": NumberField("Temperature", 0, 2),
    "max_tokens": NumberField("Max tokens", 1, 10_000_000, is_whole=True),
    "top_p": NumberField("Top p", 0, 1),
    "frequency_penalty": NumberField("Frequency penalty", -2, 2),
    "presence_penalty": NumberField("Presence penalty", -2, 2),
}
_LINES: Final = {"name": 100, "model": 200}
MOST_PROMPT: Final = 100_000


class FieldProblem(ValueError):
    """What was typed cannot be; its text says what can."""


def read_line(name: str, text: str) -> str:
    """Return a line that must be there.

    Raises:
        FieldProblem: It is empty or too long.
    """
    text = text.strip()
    if not text:
        raise FieldProblem("Needed.")
    if len(text) > _LINES[name]:
        raise FieldProblem(f"At most {_LINES[name]} characters.")
    return text


def read_number(name: str, text: str) -> float | int | None:
    """Return a number, or None for nothing typed.

    Raises:
        FieldProblem: It is no number, or outside its bounds.
    """
    field, text = NUMBERS[name], text.strip()
    if not text:
        return None
    kind = "A whole number" if field.is_whole else "A number"
    wanted = f"{kind} from {field.least:,} to {field.most:,}."
    try:
        number = int(text) if field.is_whole else float(text)
    except ValueError:
        raise FieldProblem(wanted) from None
    if not math.isfinite(number) or not field.least <= number <= field.most:
        raise FieldProblem(wanted)
    return number


def read_address(text: str, provider: Provider | None) -> str | None:
    """Return an address, or None for the provider's usual one.

    Raises:
        FieldProblem: It is no http address, or the provider has no usual one.
    """
    text = text.strip()
    if not text:
        if provider and provider.base_url is None and provider.key != "none":
            raise FieldProblem(f"The provider {provider.name} needs one.")
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(text) > 2000:
        raise FieldProblem("An address such as https://host/v1.")
    return text


def read_key(text: str) -> str | None:
    """Return a key, or None where the field was left alone.

    Raises:
        FieldProblem: No provider's key looks like this.
    """
    text = text.strip()
    if text and (not text.isascii() or not text.isprintable() or " " in text or len(text) > 4096):
        raise FieldProblem("A key has no spaces and only ASCII characters.")
    return text or None


def changed_fields(typed: Mapping[str, Any], before: ModelConfig | None) -> dict[str, Any]:
    """Return what is to be sent: all that was given, or only what differs from before.

    Args:
        typed: What was read from the form, by column; `api_key` too.
        before: The config that is edited; None for a new one.
    """
    if before is None:
        return {name: value for name, value in typed.items() if value not in (None, False)}
    changes = {
        name: value
        for name, value in typed.items()
        if name != "api_key" and value != getattr(before, name)
    }
    if changes.get("is_default") is False:
        del changes["is_default"]  # another one is made the default instead
    return changes | ({"api_key": typed["api_key"]} if typed.get("api_key") else {})


def shown_value(value: object) -> str:
    """Return a stored value as the form shows it."""
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def provider_named(name: object, providers: Iterable[Provider]) -> Provider | None:
    """Return the provider of this name, or None."""
    return next((each for each in providers if each.name == name), None)
