"""What the fields of a profile may hold."""

from datetime import date
from typing import Final

from pocketllm_cli.errors import UsageProblem

_LONGEST: Final = {"full_name": 200, "username": 60, "profession": 200, "bio": 4_000}
_FIRST_YEAR: Final = 1800


def check_field(name: str, text: str) -> str | None:
    """Return the value of a field as it is stored; None empties it.

    Args:
        name: `full_name`, `username`, `profession`, `bio` or `date_of_birth`.

    Raises:
        UsageProblem: It cannot be that.
    """
    value = text.strip()
    if not value:
        return None
    if name == "date_of_birth":
        return _day(value)
    if len(value) > _LONGEST[name]:
        raise UsageProblem(
            f"The {name.replace('_', ' ')} has at most {_LONGEST[name]:,} characters.",
            hint="Shorten it and try again.",
        )
    return value


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
        if day.year < _FIRST_YEAR:
            raise ValueError
    except ValueError:
        raise UsageProblem(
            f"“{text}” is not a date of birth.", hint="Give one as 2000-12-31."
        ) from None
    return day.isoformat()
