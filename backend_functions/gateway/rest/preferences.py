"""Reads `Prefer` and says which preferences were applied (RFC 7240).

Source: https://docs.postgrest.org/en/latest/references/api/preferences.html
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from backend_functions.gateway.rest.errors import RestError

_CLOSED = {
    "return": ("minimal", "representation", "headers-only"),
    "count": ("exact", "planned", "estimated"),
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "missing": ("default", "null"),
    "handling": ("strict", "lenient"),
    "tx": ("commit",),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the caller would like; None where nothing was said."""

    returning: Literal["minimal", "representation", "headers-only"] | None = None
    count: Literal["exact", "planned", "estimated"] | None = None
    resolution: Literal["merge-duplicates", "ignore-duplicates"] | None = None
    missing: Literal["default", "null"] | None = None
    handling: Literal["strict", "lenient"] | None = None
    timezone: str | None = None
    """As it was said: PostgreSQL alone knows whether there is one."""
    max_affected: int | None = None

    @property
    def most_rows(self) -> int | None:
        """How many rows a write may change; only a strict caller is held to it."""
        return self.max_affected if self.handling == "strict" else None

    def applied(self, names: Iterable[str]) -> dict[str, str]:
        """Return the header that tells which preferences were followed.

        Args:
            names: Those that mean something for this request; handling and timezone always do.
        """
        said = {
            "resolution": self.resolution,
            "missing": self.missing,
            "return": self.returning,
            "count": self.count,
            "handling": self.handling,
            "timezone": self.timezone,
            "max-affected": self.most_rows,
        }
        followed = {*names, "handling", "timezone"}
        found = [
            f"{name}={said[name]}" for name in said if name in followed and said[name] is not None
        ]
        return {"Preference-Applied": ", ".join(found)} if found else {}


def parse_preferences(headers: Iterable[str]) -> Preferences:
    """Return what `Prefer` headers say; the first word on a subject counts.

    Raises:
        RestError: A strict caller asks for something that is not understood (PGRST122).
    """
    found: dict[str, str] = {}
    unknown = []
    for preference in ",".join(headers).split(","):
        name, _, value = (part.strip() for part in preference.partition("="))
        if _is_known(name, value):
            found.setdefault(name, value)
        elif preference.strip():
            unknown.append(preference.strip())
    if unknown and found.get("handling") == "strict":
        raise RestError(
            "PGRST122",
            "Invalid preferences given with handling=strict",
            details=f"Invalid preferences: {', '.join(unknown)}",
        )
    return _from_words(found)


def _is_known(name: str, value: str) -> bool:
    if name == "timezone":
        return True
    if name == "max-affected":
        return value.isascii() and value.isdigit() and len(value) < 10
    return value in _CLOSED.get(name, ())


def _from_words(found: dict[str, str]) -> Preferences:
    limit = found.get("max-affected")
    return Preferences(
        cast("Literal['minimal', 'representation', 'headers-only'] | None", found.get("return")),
        cast("Literal['exact', 'planned', 'estimated'] | None", found.get("count")),
        cast("Literal['merge-duplicates', 'ignore-duplicates'] | None", found.get("resolution")),
        cast("Literal['default', 'null'] | None", found.get("missing")),
        cast("Literal['strict', 'lenient'] | None", found.get("handling")),
        found.get("timezone"),
        int(limit) if limit else None,
    )
