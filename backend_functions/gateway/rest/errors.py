"""The failures of the data API, each with the code and status PostgREST gives it.

Source: https://docs.postgrest.org/en/latest/references/errors.html
"""

_STATUSES = {
    "PGRST001": 503,
    "PGRST003": 504,
    "PGRST100": 400,
    "PGRST101": 405,
    "PGRST102": 400,
    "PGRST103": 416,
    "PGRST105": 405,
    "PGRST106": 406,
    "PGRST107": 406,
    "PGRST108": 400,
    "PGRST111": 500,
    "PGRST112": 500,
    "PGRST114": 400,
    "PGRST115": 400,
    "PGRST116": 406,
    "PGRST117": 405,
    "PGRST118": 400,
    "PGRST120": 400,
    "PGRST121": 500,
    "PGRST122": 400,
    "PGRST123": 400,
    "PGRST124": 400,
    "PGRST125": 404,
    "PGRST126": 404,
    "PGRST127": 400,
    "PGRST128": 400,
    "PGRST200": 400,
    "PGRST201": 300,
    "PGRST202": 404,
    "PGRST203": 300,
    "PGRST204": 400,
    "PGRST205": 404,
    "PGRST301": 401,
    "PGRST303": 401,
    "PGRSTX00": 500,
    "21000": 400,
    "42703": 400,
    "42704": 400,
    "42712": 400,
}


class RestError(Exception):
    """A refusal, with the four fields its body has and its HTTP status."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: str | list[dict[str, str]] | None = None,
        hint: str | None = None,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.status = status or _STATUSES[code]
        self.headers = headers or {}


class UnknownName(RestError):
    """A name that the catalogue does not hold; a fresher catalogue might."""


def unreadable(what: str, text: str, position: int, reason: str) -> RestError:
    """Return the failure to parse `text`, which broke at `position` (from 0)."""
    shown = text if len(text) <= 200 else text[:200] + "…"
    return RestError(
        "PGRST100",
        f'"failed to parse {what} ({shown})" (line 1, column {position + 1})',
        details=reason,
    )


def bad_body(message: str) -> RestError:
    """Return the refusal of a body."""
    return RestError("PGRST102", message)


def not_served(message: str) -> RestError:
    """Return the refusal of something PostgREST may do and we do not."""
    return RestError("PGRST127", "Feature not implemented", details=message)


def unknown_table(name: str, nearest: str | None) -> UnknownName:
    """Return the failure to find a table or view."""
    return UnknownName(
        "PGRST205",
        f"Could not find the table 'public.{name}' in the schema cache",
        hint=f"Perhaps you meant the table 'public.{nearest}'" if nearest else None,
    )


def unknown_column(relation: str, name: str) -> UnknownName:
    """Return the failure to find a column that a query reads."""
    return UnknownName("42703", f"column {relation}.{name} does not exist")


def unknown_payload_column(relation: str, name: str) -> UnknownName:
    """Return the failure to find a column that a body writes."""
    message = f"Could not find the '{name}' column of '{relation}' in the schema cache"
    return UnknownName("PGRST204", message)


def unknown_relationship(
    origin: str, name: str, hint: str | None, nearest: str | None
) -> UnknownName:
    """Return the failure to find a way from one table to another."""
    using = f"' using the hint '{hint}" if hint else ""
    return UnknownName(
        "PGRST200",
        f"Could not find a relationship between '{origin}' and '{name}' in the schema cache",
        details=f"Searched for a foreign key relationship between '{origin}' and '{name}{using}'"
        " in the schema 'public', but no matches were found.",
        hint=f"Perhaps you meant '{nearest}' instead of '{name}'." if nearest else None,
    )


def ambiguous_relationship(
    origin: str, name: str, choices: list[dict[str, str]], hints: str
) -> RestError:
    """Return the refusal to choose among several ways from one table to another."""
    return RestError(
        "PGRST201",
        f"Could not embed because more than one relationship was found for '{origin}' and '{name}'",
        details=choices,
        hint=f"Try changing '{name}' to one of the following: {hints}."
        " Find the desired relationship in the 'details' key.",
    )


def not_embedded(name: str) -> RestError:
    """Return the refusal of a clause for a resource that the answer does not hold."""
    return RestError(
        "PGRST108",
        f"'{name}' is not an embedded resource in this request",
        hint=f"Verify that '{name}' is included in the 'select' query parameter.",
    )


def embedded_twice(origin: str, name: str, depth: int) -> RestError:
    """Return the refusal of two embedded resources with one name, in the words of PostgreSQL."""
    return RestError("42712", f'table name "{origin}_{name}_{depth}" specified more than once')


def bad_embedded_filter(name: str) -> RestError:
    """Return the refusal to compare an embedded resource with anything but null."""
    return RestError(
        "PGRST120",
        f"Bad operator on the '{name}' embedded resource",
        details="Only is null or not is null filters are allowed on embedded resources",
    )


def other_key() -> RestError:
    """Return the refusal of a body whose key is not the one in the URL."""
    message = "Payload values do not match URL in primary key column(s)"
    return RestError("PGRST115", message)


def bad_range(details: str) -> RestError:
    """Return the refusal of a page that cannot be."""
    return RestError("PGRST103", "Requested range not satisfiable", details=details)
