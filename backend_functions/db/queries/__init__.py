"""Named SQL: each `<topic>.sql` holds blocks that begin with `-- name: <name>` and a sentence."""

import re
from functools import cache
from importlib.resources import files
from types import SimpleNamespace

_BLOCK = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


@cache
def queries(topic: str) -> SimpleNamespace:
    """Return the statements of `<topic>.sql` as attributes, by name.

    Raises:
        FileNotFoundError: There is no such topic.
    """
    text = files(__name__).joinpath(f"{topic}.sql").read_text(encoding="utf-8")
    return SimpleNamespace(**{name: body.strip() for name, body in _BLOCK.findall(text)})
