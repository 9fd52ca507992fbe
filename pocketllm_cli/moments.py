"""Points in time that people type: a date, or how long ago."""

import re
from datetime import datetime, timedelta
from typing import Final

from pocketllm_cli.errors import UsageProblem

_AGO: Final = re.compile(r"(\d{1,4})\s*([hdw])", re.IGNORECASE)
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


def parse_moment(text: str, now: datetime) -> datetime:
    """Return the moment that a text names.

    Args:
        text: An ISO date or date and time, in the zone of `now` where it names none; or a number
            of hours, days or weeks before now, such as `24h`, `7d`, `2w`.

    Raises:
        UsageProblem: It is neither.
    """
    if match := _AGO.fullmatch(text.strip()):
        try:
            return now - timedelta(**{_UNITS[match[2].lower()]: int(match[1])})
        except OverflowError:
            raise _not_a_moment(text) from None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
    except ValueError:
        raise _not_a_moment(text) from None


def _not_a_moment(text: str) -> UsageProblem:
    return UsageProblem(
        f"“{text}” is not a date.", hint="Give one as 2026-01-31, or how long ago as 24h, 7d, 2w."
    )
