"""JSON that hides nothing: characters that steer a terminal or mislead a reader are escaped."""

import json
import re
from dataclasses import asdict, is_dataclass
from typing import Any, Final

_ESCAPED: Final = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def to_json(value: Any, *, indent: int | None, ascii_only: bool) -> str:
    """Return a record, or a structure of records, as JSON."""
    text = json.dumps(value, default=_plain, indent=indent, ensure_ascii=ascii_only)
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
