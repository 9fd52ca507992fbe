"""`make bench`: every measurement in turn; `scale` and `bulk`, which take minutes, by name."""

import sys

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

_LONG = {"scale": scale.main, "bulk": bulk.main}
_SHORT = (starting, completing, streaming, pacing, realtime, rest, terminal)

if __name__ == "__main__":
    for name in sys.argv[1:]:
        _LONG[name]()
    if not sys.argv[1:]:
        for measurement in _SHORT:
            measurement.main()
