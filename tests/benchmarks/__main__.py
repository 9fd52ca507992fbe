"""`make bench`: every measurement in turn; `scale`, which takes minutes, by its name."""

import sys

from tests.benchmarks import (
    completing,
    pacing,
    realtime,
    rest,
    scale,
    starting,
    streaming,
    terminal,
)

if __name__ == "__main__":
    if "scale" in sys.argv[1:]:
        scale.main()
    else:
        starting.main()
        completing.main()
        streaming.main()
        pacing.main()
        realtime.main()
        rest.main()
        terminal.main()
