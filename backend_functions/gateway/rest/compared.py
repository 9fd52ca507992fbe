"""Recognises reads that differ only in what they compare columns with: their SQL is the same.

What is compared with is always bound, so its SQL does not depend on it. A mark stands for it while
the SQL is made; one holds U+0000, which no query string may.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from backend_functions.gateway.rest.fragments import Statement
from backend_functions.gateway.rest.query import Pairs

# Of these operators the rest of the text is the value as it stands.
_COMPARISON = re.compile(r"((?:not\.)?(?:eq|neq|gt|gte|lt|lte)\.)(.*)", re.DOTALL)
_NO_COLUMN = re.compile(r"(?:.*\.)?(?:select|columns|on_conflict|order|limit|offset|and|or)")


def take_out_values(pairs: Pairs) -> tuple[Pairs, dict[str, str]]:
    """Return the parameters with marks for what columns are compared with, and what each means."""
    marked: Pairs = []
    values: dict[str, str] = {}
    for key, text in pairs:
        found = _COMPARISON.fullmatch(text)
        if found is not None and _NO_COLUMN.fullmatch(key) is None:
            mark = f"\0{len(values)}"
            values[mark] = found[2]
            text = found[1] + mark
        marked.append((key, text))
    return marked, values


def put_in_values(statement: Statement, values: Mapping[str, str]) -> Statement:
    """Return a statement that was made with marks as the one that is meant."""
    bound = {name: values.get(text, text) for name, text in statement.values.items()}
    meant = replace(statement, values=bound)
    vars(meant)["sent"] = statement.sent  # the same text, which is put together once
    return meant
