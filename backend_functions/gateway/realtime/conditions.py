"""A filter that was read as its column's type, and what can be told of a row by it alone. Pure."""

from dataclasses import dataclass

from backend_functions.gateway.realtime.filters import Filter
from backend_functions.gateway.realtime.pgoutput import Row

_TRUTH: dict[str, str | None] = {"null": None, "unknown": None, "true": "t", "false": "f"}


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter on a column of one table.

    Args:
        type: The column's type when the filter was read.
        texts: The values that were asked for, as PostgreSQL writes them.
        is_exact: Whether equal values of this type are always written alike.
    """

    filter: Filter
    type: str
    texts: tuple[str, ...]
    is_exact: bool

    def verdict(self, row: Row, type_now: str) -> bool | None:
        """Tell whether a row fulfils it; None where only PostgreSQL can say.

        What is not known of a row fulfils nothing, and a comparison with null neither holds nor
        fails, so that its negation does not hold either.
        """
        asked = self.filter
        if asked.column not in row:
            return False
        text = row[asked.column]
        if asked.operator == "is":
            return (text == _TRUTH[asked.value]) != asked.is_negated
        if not self.is_exact or type_now != self.type:
            return None
        is_among = text in self.texts
        if asked.operator == "isdistinct":
            return is_among == asked.is_negated
        if asked.operator not in ("eq", "neq", "in"):
            return None
        if text is None:
            return False
        return is_among != (asked.is_negated != (asked.operator == "neq"))
