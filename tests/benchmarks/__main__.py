"""`make bench`: every measurement in turn; by name any of them, and those that take minutes."""

import sys
from collections.abc import Callable

from tests.benchmarks import (
    bulk,
    completing,
    costs,
    jobs,
    pacing,
    realtime,
    rest,
    scale,
    starting,
    streaming,
    terminal,
)

_SHORT: dict[str, Callable[[], None]] = {
    "starting": starting.main,
    "completing": completing.main,
    "streaming": streaming.main,
    "pacing": pacing.main,
    "realtime": realtime.main,
    "rest": rest.main,
    "terminal": terminal.main,
}
_LONG: dict[str, Callable[[], None]] = {
    "scale": scale.main,
    "bulk": bulk.main,
    "jobs": jobs.main,
    "costs": costs.main,
}
MEASUREMENTS = _SHORT | _LONG


def _run(names: list[str]) -> None:
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        sys.exit(f"Not measured: {', '.join(unknown)}. There are: {', '.join(MEASUREMENTS)}.")
    for name in names or _SHORT:
        MEASUREMENTS[name]()


if __name__ == "__main__":
    _run(sys.argv[1:])
