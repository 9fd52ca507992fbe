"""JSON as Storage writes it: moments in milliseconds, as JavaScript does."""

from datetime import UTC, datetime
from typing import Any

import orjson

from backend_functions.http import Json


class StorageJson(Json):
    """A JSON response of Storage."""

    def render(self, content: Any) -> bytes:
        """Encode with orjson."""
        return orjson.dumps(content, default=_moment, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _moment(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value)} is not JSON")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
