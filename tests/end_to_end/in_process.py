"""Commands run in this process: what they print and the code they end with."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What stands on stdout."""
        return json.loads(self.out)

    def error(self) -> dict[str, str]:
        """The one JSON object on stderr."""
        found: dict[str, str] = json.loads(self.err.strip().splitlines()[-1])
        return found


Run = Callable[..., Ended]
