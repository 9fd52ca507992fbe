"""`make bench`: every measurement in turn; by name any of them, and the two that take minutes."""

import sys
from collections.abc import Callable

from tests.benchmarks import (
    bulk,
    completing,
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
_LONG: dict[str, Callable[[], None]] = {"scale": scale.main, "bulk": bulk.main}


def _run(names: list[str]) -> None:
    measurements = _SHORT | _LONG
    if unknown := [name for name in names if name not in measurements]:
        sys.exit(f"Not measured: {', '.join(unknown)}. There are: {', '.join(measurements)}.")
    for name in names or _SHORT:
        measurements[name]()


if __name__ == "__main__":
    _run(sys.argv[1:])
